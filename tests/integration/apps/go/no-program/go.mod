module example.com/app

// +heroku install ./lib
go 1.19
