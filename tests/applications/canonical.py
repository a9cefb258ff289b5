# What the applications in Python share: the statements, and how results are printed.
import hashlib

LARGE = "aé€z" * 150000


def statements(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split(": ", 1) for line in file]


def _shown(value):
    text = "NULL" if value is None else str(value)
    if len(text) > 1000:
        return f"{len(text)} characters, {hashlib.md5(text.encode()).hexdigest()}"
    return text


def print_row(name, values):
    print(f"{name}: " + "|".join(map(_shown, values)))


def print_error(name, error):
    print(f"{name}: failed: " + " ".join(str(error).replace("\0", " ").split()))
