module zkattest.example/embed

go 1.22
