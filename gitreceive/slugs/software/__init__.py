"""Which packages a slug's files are of, by what package managers and compilers wrote into them. No disk of the slug's
own, no network: names, sizes and bytes go in, packages come out. Whatever a file says is not trusted, and bounded."""
