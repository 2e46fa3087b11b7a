fn main() {
    mine::serve();
}
