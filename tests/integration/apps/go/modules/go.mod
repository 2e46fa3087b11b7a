module example.com/hello/v2

go 1.24.3

require github.com/google/uuid v1.6.0
