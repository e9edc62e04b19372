# knowledge
nobase_dist_pkgdata_DATA += knowledge/hopper-attention.md knowledge/blackwell-attention.md
