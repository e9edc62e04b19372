# Every constant, size, alignment and offset that the headers of src/worker/cuda/api declare, as lines of a C table.
# They are written for this: one enumerator or member a line, what is nested closed by a line of its own.
function fact(text) { printf "\t{ \"%s\", (long long)(%s) },\n", text, text }
/^typedef enum \{/ { in_enum = 1; next }
/^typedef (struct|union).*\{$/ { in_record = 1; depth = 0; count = 0; next }
in_enum && /^\t[A-Z]/ { fact($1); next }
in_enum && /^\}/ { sub(/;/, "", $2); fact("sizeof(" $2 ")"); in_enum = 0; next }
in_record && /^\}/ {
	sub(/;/, "", $2)
	fact("sizeof(" $2 ")")
	fact("_Alignof(" $2 ")")
	for (i = 0; i < count; i++)
		fact("offsetof(" $2 ", " member[i] ")")
	in_record = 0
	next
}
in_record && /\{$/ { depth++; next }
in_record && /^\t+\}/ { depth-- }
in_record && depth == 0 {
	name = $NF
	sub(/;$/, "", name)
	sub(/\[.*/, "", name)
	gsub(/\*/, "", name)
	if ($0 ~ /char pad\[/)
		name = "pad"
	member[count++] = name
	next
}
/^typedef struct [A-Za-z_]+ \*/ || /^typedef [a-z0-9_ ]+ [A-Za-z0-9_]+;/ {
	name = $NF
	gsub(/[*;]/, "", name)
	if ($0 !~ /^typedef struct [A-Za-z_]+ [A-Za-z_]+;/)
		fact("sizeof(" name ")")
	next
}
/^#define [A-Za-z_]+_STRUCT_SIZE/ { fact($2) }
