"""Terminal output of the demo: a story that scrolls, and below it a block that is drawn again in place.

On anything but a terminal (or with TERM=dumb) the block shrinks to one plain line, printed when it changes.
Colours only on a terminal, and never when NO_COLOR is set.
"""

import os
import re
import shutil
import sys
import textwrap
import time

COLOURS = {"dim": "90", "red": "31", "green": "32", "yellow": "33", "blue": "34", "violet": "35", "cyan": "36", "bold": "1"}

# Device states in the order people think of them: name in the API -> (label, sign, colour)
STATES = {
    "idle": ("Idle", "○", "dim"),
    "downloading": ("Downloading", "↓", "blue"),
    "updating": ("Updating", "◐", "violet"),
    "success": ("Success", "✓", "green"),
    "failed": ("Failed", "✗", "red"),
    "rolled_back": ("Rolled back", "↩", "yellow"),
}

REDRAW_INTERVAL_S = 0.1
PLAIN_INTERVAL_S = 1.0

# Columns for one device at which its cell shows the version, or bar and word side by side
WIDE, MIDDLE = 54, 40


class Display:
    def __init__(self, stream=sys.stdout):
        self.stream = stream
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
        self.live_allowed = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.colours = self.live_allowed and "NO_COLOR" not in os.environ
        self.drawn_lines = 0
        self.drawn_at = 0.0
        self.last_plain = None

    def paint(self, text, *names):
        if not self.colours or not text:
            return text
        return f"\033[{';'.join(COLOURS[name] for name in names)}m{text}\033[0m"

    def bar(self, share, width, colour):
        """A bar of `width` cells, `share` (0 to 1) of it filled, in eighths of a cell."""
        eighths = round(max(0.0, min(1.0, share)) * width * 8)
        full, rest = divmod(eighths, 8)
        filled = "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")
        return self.paint(filled, colour) + self.paint("·" * (width - len(filled)), "dim")

    def chapter(self, number, title):
        self.say("")
        self.say(f"{self.paint(f' {number} ', 'bold', 'cyan')}{self.paint(self.folded(title, 3), 'bold')}")

    def say(self, text):
        """One line of the story, above the live block."""
        self.clear()
        self.stream.write(text + "\n")
        self.stream.flush()

    def note(self, text, sign="·", colour="dim"):
        self.say(f"   {self.paint(sign, colour)} {self.folded(text, 5)}")

    def folded(self, text, indent):
        """The text that begins at column `indent`, broken between words at the edge of the terminal."""
        if not self.live_allowed:
            return text
        width = max(indent + 20, shutil.get_terminal_size().columns)
        return textwrap.fill(text, width, initial_indent=" " * indent, subsequent_indent=" " * indent).lstrip()

    def live(self, lines, plain, last=False):
        """Draws the block anew; `plain` is the one line that stands for it where nothing can be redrawn. Too early a call
        draws nothing, unless it is the last.
        """
        now = time.monotonic()
        if not self.live_allowed:
            if plain != self.last_plain and (last or now - self.drawn_at > PLAIN_INTERVAL_S):
                self.stream.write(f"     {plain}\n")
                self.stream.flush()
                self.last_plain, self.drawn_at = plain, now
            return
        if now - self.drawn_at < REDRAW_INTERVAL_S and not last:
            return
        size = shutil.get_terminal_size()
        shown = [clip(line, size.columns) for line in lines[: max(1, size.lines - 1)]]
        self.stream.write(f"\033[{self.drawn_lines}A" if self.drawn_lines else "")
        self.stream.write("".join(f"\r\033[K{line}\n" for line in shown) + "\033[J")
        self.stream.flush()
        self.drawn_lines, self.drawn_at = len(shown), now

    def clear(self):
        """Removes the block."""
        if self.drawn_lines:
            self.stream.write(f"\033[{self.drawn_lines}A\r\033[J")
            self.drawn_lines = 0


def clip(line, width):
    """The line cut to `width` visible characters: a wrapped one would break the redraw. Escapes have no width."""
    kept, used = "", 0
    for part in re.split(r"(\033\[[\d;]*m)", line):
        if not part.startswith("\033"):
            part = part[: width - used]
            used += len(part)
        kept += part
    return kept


def columns(cells, count):
    """Rows of `count` cells each, filled column by column."""
    height = -(-len(cells) // count)
    return [cells[row::height] for row in range(height)]


def device_cell(display, device, width):
    """One device in about `width` cells: its id, a bar while it works, its state."""
    label, sign, colour = STATES[device["state"]]
    bar_width = 12 if width >= WIDE else 8
    share = {"downloading": device["progress"] / 100, "updating": 1}.get(device["state"])
    picture = " " * bar_width if share is None else display.bar(share, bar_width, colour)
    if device["state"] == "downloading":
        label = f"{label} {device['progress']:>3}%"
    elif share is None and not device["online"]:
        label += ", offline"
    if width < MIDDLE:  # no room for both: the bar stands for the word
        told = f"{picture} {device['progress']:>3}%" if device["state"] == "downloading" else f"{label:<13.13}"
        return f"  {device['id']:<10} {display.paint(sign, colour)} {told} "
    version = f"{device['version']:<6} " if width >= WIDE else ""
    return f"  {device['id']:<10} {version}{picture} {display.paint(sign, colour)} {label:<16}"


def batch_line(display, index, batch):
    """One batch of a rollout: planned devices as a bar of outcomes."""
    width, planned = 24 if shutil.get_terminal_size().columns >= 80 else 12, max(1, batch["planned"])
    parts = [("succeeded", "green"), ("failed", "red"), ("rolled_back", "yellow"), ("updating", "violet")]
    cells, used = "", 0
    for name, colour in parts:
        size = min(width - used, round(batch[name] * width / planned))
        cells, used = cells + display.paint("█" * size, colour), used + size
    cells += display.paint("·" * (width - used), "dim")
    told = ", ".join(f"{batch[name]} {name.replace('_', ' ')}" for name, _ in parts if batch[name])
    return f"  batch {index + 1}  {cells}  {batch['planned']:>2} devices  {batch['state']:<8} {told}"


def fleet_block(display, devices, rollout):
    """The lines of the live block."""
    width = shutil.get_terminal_size().columns // 2
    lines = ["".join(row) for row in columns([device_cell(display, device, width) for device in devices], 2)]
    if rollout is not None:
        lines += [""] + [batch_line(display, index, batch) for index, batch in enumerate(rollout["batches"])]
    return lines + [""]


def fleet_sentence(devices, rollout):
    """The same as one plain line."""
    if not devices:
        return "no devices yet"
    states = {name: sum(device["state"] == name for device in devices) for name in STATES}
    told = ", ".join(f"{count} {STATES[name][0].lower()}" for name, count in states.items() if count)
    if rollout is None:
        return f"{len(devices)} devices: {told}"
    batches = len(rollout["batches"])
    return f"{rollout['version']} {rollout['status']}, batch {rollout['current'] + 1} of {batches}: {told}"
