module acme.example/shop

go 1.24
