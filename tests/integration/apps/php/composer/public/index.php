<?php

require __DIR__ . '/../vendor/autoload.php';

echo (new App\Page())->text($_SERVER['REQUEST_URI']);
