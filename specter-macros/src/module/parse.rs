//! Parses `#[module(…)]` and its struct.

use proc_macro2::TokenStream;

use super::model::Module;
use crate::{
    diag::Diagnostics,
    syntax::{
        args::Arguments,
        item::{Placement, parse_struct, refuse_generics},
        list,
        policies::Policies,
    },
};

const PLACEMENT: Placement = Placement {
    attribute: "`#[module]`",
    on: "a struct",
    help: "write `#[module(providers = […], controllers = […])] pub struct ChatModule;`",
};

pub(crate) fn module(
    arguments: TokenStream,
    item: &TokenStream,
    diag: &mut Diagnostics,
) -> Option<Module> {
    let mut arguments = Arguments::parse(arguments, diag);
    let imports = arguments
        .list("imports = [A, B]", diag)
        .map(|elements| list::parse(elements, diag))
        .unwrap_or_default();
    let controllers = arguments.types("controllers = [A, B]", diag);
    let handlers = arguments.types("handlers = [A, B]", diag);
    let providers = arguments.types("providers = [A, B]", diag);
    let exports = arguments.types("exports = [A, B]", diag);
    let policies = Policies::parse(&mut arguments, diag);
    let is_global = arguments.flag("global", diag).is_some();
    let runtime = arguments.runtime(diag);
    arguments.finish(PLACEMENT.attribute, diag);

    let item = parse_struct(item, &PLACEMENT, diag)?;
    refuse_generics(
        &item.generics,
        "a module",
        "write one module for each type",
        diag,
    );
    item.generics.params.is_empty().then_some(Module {
        runtime,
        name: item.ident,
        is_global,
        imports,
        controllers,
        handlers,
        providers,
        exports,
        policies,
    })
}
