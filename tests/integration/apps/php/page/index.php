<?php

echo isset($_GET['name']) ? 'hello ' . $_GET['name'] : 'pages of PHP, ' . getenv('GREETING'), ', root is ', getenv('root'), "\n";
