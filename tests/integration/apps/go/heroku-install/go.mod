// +heroku install ./cmd/web ./worker
module example.com/several

go 1.18
