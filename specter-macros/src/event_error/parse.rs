//! Parses an error type and its `#[event_error(…)]` attributes.

use proc_macro2::{Ident, TokenStream};
use syn::{
    Attribute, Data, DeriveInput, Fields, Index, Member, Meta, ext::IdentExt, spanned::Spanned,
};

use super::model::{self, Case, ErrorType, Shown};
use crate::{diag::Diagnostics, syntax::args::Arguments, syntax::runtime::Runtime};

const ATTRIBUTE: &str = "event_error";

pub(crate) fn error(item: TokenStream, diag: &mut Diagnostics) -> Option<ErrorType> {
    let item: DeriveInput = diag.absorb(syn::parse2(item))?;
    let (runtime, cases) = match &item.data {
        Data::Enum(data) => {
            let mut arguments = arguments(&item.attrs, diag);
            let runtime = arguments.runtime(diag);
            arguments.finish(
                "`#[event_error]` on an enum (its variants have their own)",
                diag,
            );
            let cases = data.variants.iter().map(|variant| {
                let mut arguments = self::arguments(&variant.attrs, diag);
                let shown = shown(&mut arguments, &variant.ident, &variant.fields, diag);
                arguments.finish("`#[event_error]`", diag);
                Case {
                    variant: Some(variant.ident.clone()),
                    shown,
                }
            });
            (runtime, cases.collect())
        }
        Data::Struct(data) => {
            let mut arguments = arguments(&item.attrs, diag);
            let runtime: Runtime = arguments.runtime(diag);
            let shown = shown(&mut arguments, &item.ident, &data.fields, diag);
            arguments.finish("`#[event_error]`", diag);
            (
                runtime,
                vec![Case {
                    variant: None,
                    shown,
                }],
            )
        }
        Data::Union(_) => {
            diag.error(
                &item.ident,
                "`IntoEventError` can only be derived for enums and structs",
            );
            return None;
        }
    };
    Some(ErrorType {
        runtime,
        name: item.ident,
        generics: item.generics,
        cases,
    })
}

/// The arguments of all `#[event_error(…)]` attributes of an item.
fn arguments(attributes: &[Attribute], diag: &mut Diagnostics) -> Arguments {
    let mut tokens = TokenStream::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(ATTRIBUTE))
    {
        match &attribute.meta {
            Meta::List(list) => {
                let content = &list.tokens;
                tokens.extend(quote::quote!(#content,));
            }
            _ => diag.error_help(
                attribute,
                "`#[event_error]` needs an argument",
                "write `#[event_error(code = \"…\")]` or `#[event_error(internal)]`",
            ),
        }
    }
    Arguments::parse(tokens, diag)
}

fn shown(
    arguments: &mut Arguments,
    name: &Ident,
    fields: &Fields,
    diag: &mut Diagnostics,
) -> Shown {
    let code = arguments.string("code = \"room_full\"", diag);
    let internal = arguments.flag("internal", diag);
    let data = data(fields, diag);
    if let Some(code) = &code
        && code.value().is_empty()
    {
        diag.error(code, "a code cannot be empty");
    }
    let Some(internal) = internal else {
        let code = code.map_or_else(
            || snake_case(&name.unraw().to_string()),
            |code| code.value(),
        );
        return Shown::Text { code, data };
    };
    if code.is_some() || data.is_some() {
        diag.error_help(
            &internal,
            "an internal error shows neither a code nor data",
            "remove `internal`, or remove the code and the data",
        );
    }
    Shown::Nothing
}

/// The field that is sent as the error's data.
fn data(fields: &Fields, diag: &mut Diagnostics) -> Option<model::Data> {
    let mut data = None;
    for (index, field) in fields.iter().enumerate() {
        let mut arguments = arguments(&field.attrs, diag);
        if let Some(word) = arguments.flag("data", diag) {
            let field_name = field
                .ident
                .clone()
                .map_or_else(|| Member::Unnamed(Index::from(index)), Member::Named);
            let marked = model::Data {
                field: field_name,
                span: field.ty.span(),
            };
            if data.replace(marked).is_some() {
                let help = "put both into a struct that is `Serialize`, and mark a field of it";
                diag.error_help(word, "only one field is sent as `data`", help);
            }
        }
        arguments.finish("`#[event_error]` on a field", diag);
    }
    data
}

/// `room_full` of `RoomFull`, `http_error` of `HTTPError`.
fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (position, letter) in letters.iter().enumerate() {
        let before = position
            .checked_sub(1)
            .and_then(|before| letters.get(before));
        let after = letters.get(position + 1);
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if starts && before != Some(&'_') {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn variants_become_codes() {
        for (variant, code) in [
            ("RoomFull", "room_full"),
            ("HTTPError", "http_error"),
            ("Io", "io"),
            ("NotInRoom2", "not_in_room2"),
            ("Old_Name", "old_name"),
        ] {
            assert_eq!(snake_case(variant), code);
        }
    }
}
