//! A factory's parameters are its dependencies.

use specter::prelude::*;

#[injectable]
struct Config;

#[injectable]
fn by_value(_config: Config) -> u8 {
    1
}

#[injectable]
fn plain(_url: String) -> u16 {
    1
}

#[injectable]
fn lent(_config: &Config) -> u32 {
    1
}

#[injectable]
fn opaque(_config: impl Send) -> u64 {
    1
}

fn main() {}
