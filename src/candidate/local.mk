# src/candidate: what a candidate is: its files, the rules for them, its identity. The worker links it too.
libavoeval_a_SOURCES += \
	src/candidate/identity.c src/candidate/identity.h \
	src/candidate/parameter.c src/candidate/parameter.h \
	src/candidate/rules.c src/candidate/rules.h \
	src/candidate/source.c src/candidate/source.h
