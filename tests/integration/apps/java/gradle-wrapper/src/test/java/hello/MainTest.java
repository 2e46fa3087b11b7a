package hello;

class MainTest {
    int words() { return "compiled only where tests are run"; }
}
