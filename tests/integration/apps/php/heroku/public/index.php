<?php

echo 'served as at Heroku, by ', basename($_SERVER['SERVER_SOFTWARE']), "\n";
