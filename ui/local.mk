# ui: the workbench. Nothing here includes CUDA, curl or git2 headers.
noinst_LIBRARIES += libavoui.a
libavoui_a_SOURCES = ui/workbench.h ui/workbench.c
