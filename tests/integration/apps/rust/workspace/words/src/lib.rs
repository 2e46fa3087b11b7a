pub const SAID: &str = "web of a workspace";
