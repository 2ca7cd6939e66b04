//! `#[socketio_controller]`: makes a struct a controller, which the container builds for each
//! socket, or once for all sockets.

mod expand;
mod model;
mod parse;

use proc_macro2::TokenStream;

use crate::{
    diag::Diagnostics,
    syntax::{fields::STATE, strip::strip_members},
};

/// The struct without its `#[state]` attributes, and its implementation of `Controller`.
pub(crate) fn socketio_controller(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::default();
    let controller = parse::controller(arguments, &item, &mut diag);
    let mut output = strip_members(item, &[STATE]);
    output.extend(controller.as_ref().map(expand::controller));
    diag.finish(output)
}
