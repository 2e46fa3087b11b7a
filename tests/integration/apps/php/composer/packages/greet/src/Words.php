<?php

namespace Greet;

final class Words
{
    public static function say(): string
    {
        return 'hello from a package';
    }
}
