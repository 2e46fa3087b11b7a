plugins {
    application
}

tasks.register("stage") {
    dependsOn("jar")
}
