# Shell blocks of README.md and of manual pages, of one kind: awk -v kind=any -f doc_blocks.awk FILE >DIR/script
# README: a line "<!-- shell: KIND -->", then a block between ```. Pages: a line .\" shell: KIND, then .nf to .fi.
# Each block is printed behind a line "# block N"; -v count=1 prints only how many there are.
BEGIN { mark = "shell: " kind }
index($0, "<!-- " mark " -->") || index($0, ".\\\" " mark) == 1 { wanted = 1; next }
wanted && (/^```/ || /^\.nf/) { wanted = 0; inside = 1; n++; if (!count) print "# block " n; next }
inside && (/^```/ || /^\.fi/) { inside = 0; next }
inside && !count { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print }
END { if (count) print n + 0 }
