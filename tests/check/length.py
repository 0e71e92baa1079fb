"""Holds the lengths of functions and files under src/ to the bounds of the style.

usage: length.py ROOT

A function is a block with a parameter list before it that stands in no other function; its length
is counted from the line where its declaration begins to its closing brace. Lambdas and loops count
with the function they stand in.
"""

import pathlib
import re
import sys

FUNCTION_MAX, FUNCTION_95, FUNCTION_MEDIAN = 80, 45, 10
FILE_MAX, FILE_95 = 800, 500

# Files that are tables, which may be as long as what they tabulate.
TABLES = set()

# What may hold braces and semicolons that are no syntax.
NO_SYNTAX = re.compile(
    r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\b\d[\d\']*|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/'
    r"|^#(?:[^\n]*\\\n)*[^\n]*", re.DOTALL | re.MULTILINE)
TYPE_OR_NAMESPACE = re.compile(r"\b(namespace|class|struct|union|enum)\b[^()]*$")


def without_strings(text):
    """The text with all that is no syntax blanked, line breaks kept."""
    return NO_SYNTAX.sub(lambda match: "\n" * match.group().count("\n"), text)


def functions(text):
    """(first line, length) of each function, lines counted from 1."""
    open_blocks, declaration, line, begins = [], "", 1, 1
    for character in without_strings(text):
        if character == "{":
            inside = any(kind == "function" for kind, _ in open_blocks)
            is_function = not inside and "(" in declaration and not TYPE_OR_NAMESPACE.search(declaration)
            open_blocks.append(("function" if is_function else "other", begins))
        elif character == "}" and open_blocks:
            kind, first = open_blocks.pop()
            if kind == "function":
                yield first, line - first + 1
        if character in "{};":
            declaration = ""
        elif declaration or not character.isspace():
            begins = begins if declaration else line
            declaration += character
        line += character == "\n"


def quantile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]


def measure(src):
    """Lengths of files and of functions, each as (length, where), shortest first."""
    files, found = [], []
    for path in sorted(src.glob("**/*")):
        if path.suffix not in (".h", ".cc") or str(path.relative_to(src)) in TABLES:
            continue
        text = path.read_text()
        files.append((text.count("\n"), str(path.relative_to(src))))
        if not path.name.endswith("_test.cc"):
            found += [(size, f"{path.relative_to(src)}:{at}") for at, size in functions(text)]
    return sorted(files), sorted(found)


def main():
    files, found = measure(pathlib.Path(sys.argv[1]) / "src")
    file_sizes, function_sizes = [size for size, _ in files], [size for size, _ in found]
    figures = [
        ("functions, median", quantile(function_sizes, 0.5), FUNCTION_MEDIAN),
        ("functions, 95 %", quantile(function_sizes, 0.95), FUNCTION_95),
        ("functions, longest", function_sizes[-1], FUNCTION_MAX),
        ("files, 95 %", quantile(file_sizes, 0.95), FILE_95),
        ("files, longest", file_sizes[-1], FILE_MAX),
    ]
    for what, is_, bound in figures:
        print(f"{what}: {is_} lines (at most {bound}){'' if is_ <= bound else '  TOO LONG'}")
    for size, where in found:
        if size > FUNCTION_MAX:
            print(f"src/{where}: a function of {size} lines")
    for size, where in files:
        if size > FILE_MAX:
            print(f"src/{where}: {size} lines")
    return 0 if all(is_ <= bound for _, is_, bound in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
