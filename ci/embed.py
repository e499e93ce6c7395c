"""A text file as a string of C: embed.py FILE NAME."""

import pathlib
import sys

path, name = sys.argv[1:]
print(f"static const char {name}[] =")
for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
    text = line.strip().replace("\\", "\\\\").replace('"', '\\"')
    print(f'    "{text}\\n"')
print("    ;")
