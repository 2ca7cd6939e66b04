//! A small program whose macros are run as the compiler would run them: the first attribute of each
//! item is called with its arguments and the rest of the item.

use std::{fs, path::Path};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Attribute, Macro, parse::Parser, visit::Visit};

use crate::{
    controller, event_error, handlers, injectable, misplaced, module, syntax::strip::strip_members,
};

pub(super) struct Program {
    pub(super) name: String,
    items: Vec<Item>,
}

/// An item, and the attribute that is run on it.
struct Item {
    attribute: Attribute,
    tokens: TokenStream,
}

impl Program {
    pub(super) fn read(path: &Path) -> Self {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let tokens: TokenStream = fs::read_to_string(path).unwrap().parse().unwrap();
        let mut items = Vec::new();
        let mut item = Vec::new();
        for token in tokens {
            let ends = match &token {
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                TokenTree::Punct(punct) => punct.as_char() == ';',
                _ => false,
            };
            item.push(token);
            if ends {
                items.push(Item::of(std::mem::take(&mut item)));
            }
        }
        assert!(item.is_empty(), "{name}: tokens after the last item");
        Self { name, items }
    }

    /// The expanded program.
    pub(super) fn pretty(&self) -> String {
        let output: TokenStream = self.items.iter().map(Item::output).collect();
        let file = syn::parse2(output).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        prettyplease::unparse(&file)
    }

    /// `line:column: message` of each error, with the text that it underlines.
    pub(super) fn errors(&self) -> String {
        let mut errors = Errors(String::new());
        for item in &self.items {
            let file =
                syn::parse2(item.output()).unwrap_or_else(|error| panic!("{}: {error}", self.name));
            errors.visit_file(&file);
        }
        errors.0
    }

    /// Each item as the macro should return it, and the macro's output.
    pub(super) fn items_and_outputs(&self) -> impl Iterator<Item = (String, String)> {
        self.items
            .iter()
            .filter(|item| !item.attribute.path().is_ident("derive"))
            .map(|item| {
                let stripped = match item
                    .attribute
                    .path()
                    .segments
                    .last()
                    .unwrap()
                    .ident
                    .to_string()
                    .as_str()
                {
                    "handlers" => handlers::unmarked(item.tokens.clone()),
                    "socketio_controller" | "injectable" => {
                        strip_members(item.tokens.clone(), &["state"])
                    }
                    _ => item.tokens.clone(),
                };
                (stripped.to_string(), item.output().to_string())
            })
    }
}

impl Item {
    fn of(tokens: Vec<TokenTree>) -> Self {
        let rest = tokens[2..].iter().cloned().collect();
        let attribute: TokenStream = tokens.into_iter().take(2).collect();
        let attribute = Attribute::parse_outer.parse2(attribute).unwrap().remove(0);
        Self {
            attribute,
            tokens: rest,
        }
    }

    fn output(&self) -> TokenStream {
        let arguments = match &self.attribute.meta {
            syn::Meta::List(list) => list.tokens.clone(),
            _ => TokenStream::new(),
        };
        let item = self.tokens.clone();
        match self
            .attribute
            .path()
            .segments
            .last()
            .unwrap()
            .ident
            .to_string()
            .as_str()
        {
            "socketio_controller" => controller::socketio_controller(arguments, item),
            "handlers" => handlers::handlers(arguments, item),
            "injectable" => injectable::injectable(arguments, item),
            "module" => module::module(arguments, item),
            "on_event" => misplaced::method_mark("#[on_event]", item),
            "on_error" => misplaced::method_mark("#[on_error]", item),
            "derive" => event_error::into_event_error(item),
            other => panic!("unknown attribute `{other}`"),
        }
    }
}

/// Collects the `compile_error!`s of a file.
struct Errors(String);

impl Visit<'_> for Errors {
    fn visit_macro(&mut self, found: &Macro) {
        let name = found.path.segments.last();
        if name.is_none_or(|segment| segment.ident != "compile_error") {
            return;
        }
        let message: syn::LitStr = found.parse_body().unwrap();
        let first = found.path.segments[0].ident.span();
        let last = found.delimiter.span().close();
        let underlined = first
            .join(last)
            .and_then(|span| span.source_text())
            .unwrap_or_default();
        let place = first.start();
        let at = if place.line == 0 || underlined.is_empty() {
            "the attribute".to_owned()
        } else {
            format!("{}:{}: {underlined}", place.line, place.column + 1)
        };
        let message = message.value().replace('\n', "\n    ");
        self.0.extend([
            at.as_str(),
            "
    ",
            &message,
            "
",
        ]);
    }
}
