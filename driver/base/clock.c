/* clock.c - times as text, both ways, and the monotonic clock of all deadlines. */
#include "base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY 86400

static const char *format_time(time_t time, const char *pattern, char *out)
{
    struct tm parts;
    if (gmtime_r(&time, &parts) == NULL || strftime(out, CLOCK_TEXT_SIZE, pattern, &parts) == 0)
        snprintf(out, CLOCK_TEXT_SIZE, "(no time)");
    return out;
}

const char *clock_format(time_t time, char *out)
{
    return format_time(time, "%Y-%m-%dT%H:%M:%SZ", out);
}

const char *clock_format_date(time_t time, char *out)
{
    return format_time(time, "%Y-%m-%d", out);
}

/* The offset behind the time, in seconds; false when there is none or it is malformed. */
static bool parse_offset(const char *text, long *seconds_out)
{
    struct tm parts = {0};
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *seconds_out = 0;
        return true;
    }
    if (text[0] != '+' && text[0] != '-')
        return false;
    const char *rest = strptime(text + 1, "%H:%M", &parts);
    if (rest == NULL || *rest != '\0')
        return false;
    *seconds_out = (text[0] == '-' ? -1 : 1) * (parts.tm_hour * 3600L + parts.tm_min * 60L);
    return true;
}

bool clock_parse(const char *text, time_t *time_out)
{
    struct tm parts = {0};
    long offset = 0;
    const char *rest = strptime(text, "%Y-%m-%d", &parts);
    if (rest == NULL)
        return false;
    if (*rest != '\0') {
        if (*rest != 'T' && *rest != 't' && *rest != ' ')
            return false;
        rest = strptime(rest + 1, "%H:%M:%S", &parts);
        if (rest == NULL)
            return false;
        if (*rest == '.')
            rest += 1 + strspn(rest + 1, "0123456789");
        if (!parse_offset(rest, &offset))
            return false;
    }
    *time_out = timegm(&parts) - offset;
    return true;
}

int32_t clock_days_until(time_t end, time_t now)
{
    int64_t seconds = (int64_t)end - (int64_t)now;
    int64_t days = seconds / SECONDS_PER_DAY;
    if (seconds < 0 && seconds % SECONDS_PER_DAY != 0)
        days--;
    return days > INT32_MAX ? INT32_MAX : days < INT32_MIN ? INT32_MIN : (int32_t)days;
}

int64_t clock_monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int clock_left(int64_t deadline)
{
    int64_t left = deadline - clock_monotonic();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}
