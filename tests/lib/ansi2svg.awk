# ansi2svg.awk: a screen saved with :save-ansi as an SVG picture.
#   LC_ALL=C awk -f ansi2svg.awk screen.ansi > screen.svg
# Knows what save-ansi writes: SGR with attributes and 256-colour numbers, one
# line a row. Works byte by byte, so that any awk will do.

function hex2(n) { return sprintf("%02x", n) }

# Colour n of the usual 256 as #rrggbb.
function colour(n,   r, g, b) {
	if (n < 16)
		return basic[n]
	if (n >= 232)
		return "#" hex2(8 + (n - 232) * 10) hex2(8 + (n - 232) * 10) hex2(8 + (n - 232) * 10)
	n -= 16
	r = int(n / 36); g = int(n / 6) % 6; b = n % 6
	return "#" hex2(r ? 55 + r * 40 : 0) hex2(g ? 55 + g * 40 : 0) hex2(b ? 55 + b * 40 : 0)
}

function plain() { fg = ink; bg = paper; bold = dim = under = reverse = 0 }

function sgr(codes,   list, n, i) {
	n = split(codes, list, ";")
	for (i = 1; i <= n; i++) {
		if (list[i] == 0) plain()
		else if (list[i] == 1) bold = 1
		else if (list[i] == 2) dim = 1
		else if (list[i] == 4) under = 1
		else if (list[i] == 7) reverse = 1
		else if (list[i] == 38) { fg = colour(list[i + 2]); i += 2 }
		else if (list[i] == 48) { bg = colour(list[i + 2]); i += 2 }
	}
}

function flush_run(   f, b, look) {
	if (!length(run))
		return
	f = reverse ? bg : fg; b = reverse ? fg : bg
	if (b != paper)
		body = body sprintf("<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", x0 * cw, y * ch, (x - x0) * cw + 0.3, ch, b)
	if (run ~ /[^ ]/) {
		look = (bold ? " font-weight=\"bold\"" : "") (under ? " text-decoration=\"underline\"" : "") (dim ? " opacity=\"0.6\"" : "")
		gsub(/&/, "\\&amp;", run); gsub(/</, "\\&lt;", run); gsub(/>/, "\\&gt;", run)
		body = body sprintf("<text x=\"%.1f\" y=\"%.1f\" textLength=\"%.1f\" fill=\"%s\"%s>%s</text>\n", x0 * cw, y * ch + ch * 0.76, (x - x0) * cw, f, look, run)
	}
	run = ""; x0 = x
}

BEGIN {
	cw = 8.4; ch = 18; ink = "#d0d0d0"; paper = "#14161a"
	split("#000000 #cd3131 #0dbc79 #e5e510 #2472c8 #bc3fbc #11a8cd #e5e5e5 #666666 #f14c4c #23d18b #f5f543 #3b8eea #d670d6 #29b8db #ffffff", names, " ")
	for (i = 1; i <= 16; i++)
		basic[i - 1] = names[i]
	for (i = 128; i < 192; i++)
		continuation[sprintf("%c", i)] = 1
	plain()
	y = -1
}

{
	y++; x = x0 = 0; run = ""
	for (i = 1; i <= length($0); i++) {
		c = substr($0, i, 1)
		if (c == "\033") {
			end = index(substr($0, i), "m")
			flush_run()
			sgr(substr($0, i + 2, end - 3))
			i += end - 1
			continue
		}
		run = run c
		if (!(c in continuation))
			x++
	}
	flush_run()
	if (x > widest)
		widest = x
}

END {
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%d\" viewBox=\"0 0 %.0f %d\">\n", widest * cw, (y + 1) * ch, widest * cw, (y + 1) * ch
	printf "<rect width=\"100%%\" height=\"100%%\" fill=\"%s\"/>\n", paper
	printf "<g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\" style=\"white-space:pre\">\n%s</g>\n</svg>\n", body
}
