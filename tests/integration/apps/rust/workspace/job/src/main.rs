fn main() {
    print!("a job");
}
