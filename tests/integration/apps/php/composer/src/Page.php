<?php

namespace App;

use Greet\Words;

final class Page
{
    public function text(string $path): string
    {
        $missing = [];
        foreach (['bcmath', 'curl', 'gd', 'intl', 'mbstring', 'pdo_mysql', 'pdo_pgsql', 'pdo_sqlite', 'redis', 'soap', 'sodium', 'xsl', 'zip', 'Zend OPcache'] as $name) {
            extension_loaded($name) || $missing[] = $name;
        }
        $built = trim(file_get_contents(__DIR__ . '/../built.txt'));
        $image = strlen((function () { ob_start(); imagepng(imagecreatetruecolor(1, 1)); return ob_get_clean(); })());
        return sprintf("%s at %s, %s, %s, missing [%s], png %s, %s\n", Words::say(), $path, PHP_SAPI, $built, implode(' ', $missing), $image > 0 ? 'yes' : 'no', $_SERVER['HTTPS'] ?? 'http');
    }
}
