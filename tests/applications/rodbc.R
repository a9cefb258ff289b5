# R's RODBC, which has no parameters: the large value stands in the statement.
library(RODBC)

arguments <- commandArgs(trailingOnly = TRUE)
large <- strrep("a\u00e9\u20acz", 150000)

md5 <- function(text) {
    file <- tempfile()
    writeBin(charToRaw(enc2utf8(text)), file)
    unname(tools::md5sum(file))
}
shown <- function(value) {
    if (is.na(value)) return("NULL")
    text <- if (is.numeric(value)) format(value, digits = 15) else value
    if (nchar(text) > 1000) paste0(nchar(text), " characters, ", md5(text)) else text
}
print_error <- function(name, text)
    cat(name, ": failed: ", trimws(gsub("[[:space:]]+", " ", paste(text, collapse = " "))), "\n", sep = "")

connect <- function(source) {
    errors <- character()
    connection <- withCallingHandlers(
        odbcConnect(source, uid = arguments[3], pwd = arguments[4], DBMSencoding = "UTF-8"),
        warning = function(w) {
            errors <<- c(errors, conditionMessage(w))
            invokeRestart("muffleWarning")
        })
    if (length(errors) > 0) print_error("revoked", errors)
    connection
}

connection <- connect(arguments[2])
for (line in readLines(arguments[1], encoding = "UTF-8")) {
    name <- sub(": .*", "", line)
    sql <- sub("?", paste0("'", large, "'"), sub("^[^:]*: ", "", line), fixed = TRUE)
    rows <- sqlQuery(connection, sql, as.is = TRUE)
    if (is.data.frame(rows)) {
        for (row in seq_len(nrow(rows)))
            cat(name, ": ", paste(sapply(rows[row, ], shown), collapse = "|"), "\n", sep = "")
    } else if (any(grepl("ERROR", rows))) {
        print_error(name, rows)
    }
}
odbcClose(connection)
invisible(connect(paste0(arguments[2], "-revoked")))
