"""Colours, markers and lines of all figures: told apart in grey and by the colour-blind."""

#: Okabe and Ito's palette without its yellow, which is lost on white paper.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
#: The same, dark enough to be read as text on white (WCAG 2.2: 4.5 to 1).
TEXT_COLOURS = ("#00629a", "#8f6200", "#00724f", "#9c4a78", "#1f6f9f", "#a84a00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "X", "P")
LINES = ("-", "--")
VARIANT_LINES = (":", "-.")

INK, GREY, FAINT, ALARM = "#1b1f24", "#57606a", "#d9dee3", "#a8320a"
FRONT = "#c40018"
