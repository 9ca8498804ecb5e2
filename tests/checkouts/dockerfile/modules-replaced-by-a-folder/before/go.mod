module acme.example/shop

go 1.24

require acme.example/money v0.0.0

replace acme.example/money => ./money
