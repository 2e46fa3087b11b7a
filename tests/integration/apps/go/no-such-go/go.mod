module example.com/hello

go 1.19

toolchain go1.99.1
