# src/journal
libavo_a_SOURCES += \
	src/journal/record.c src/journal/record.h
