<?php echo "page ", $_SERVER["SCRIPT_NAME"], " ", $_SERVER["PATH_INFO"];
