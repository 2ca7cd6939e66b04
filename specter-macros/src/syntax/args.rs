//! Parses the arguments of an attribute: a literal, flags, `key = value` and `key(list)`, in any
//! order. An argument that cannot be parsed does not affect the others. Unknown keys are reported
//! with the list of those that exist.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{
    Expr, Lit, LitInt, LitStr, Path, Token,
    parse::{Parse, Parser},
    punctuated::Punctuated,
};

use crate::{
    diag::Diagnostics,
    syntax::{
        list::{self, ListElement},
        nearest::nearest,
        readable::readable,
        runtime::{Runtime, own},
    },
};

/// The arguments of an attribute. Take each option, then call [`finish`](Self::finish).
///
/// An option is taken by its usage, such as `priority = 5`. The first word of the usage is the key;
/// the whole usage is shown to a user whose syntax is wrong.
pub(crate) struct Arguments {
    rest: Vec<Argument>,
    usages: Vec<&'static str>,
}

struct Argument {
    key: Option<Ident>,
    value: Value,
    tokens: TokenStream,
}

enum Value {
    Literal,
    Flag,
    Assigned(TokenStream),
    Listed(Group),
}

impl Arguments {
    pub(crate) fn parse(tokens: TokenStream, diag: &mut Diagnostics) -> Self {
        let mut rest = Vec::new();
        let mut part = TokenStream::new();
        for token in visible(tokens) {
            match &token {
                TokenTree::Punct(comma) if comma.as_char() == ',' => {
                    rest.extend(Argument::parse(std::mem::take(&mut part), diag));
                }
                _ => part.extend([token]),
            }
        }
        rest.extend(Argument::parse(part, diag));
        Self {
            rest,
            usages: Vec::new(),
        }
    }

    /// The literal without a key, such as a path or a name.
    pub(crate) fn literal(
        &mut self,
        usage: &'static str,
        diag: &mut Diagnostics,
    ) -> Option<LitStr> {
        self.usages.push(usage);
        let position = self
            .rest
            .iter()
            .position(|argument| argument.key.is_none())?;
        let argument = self.rest.remove(position);
        let literal = syn::parse2(argument.tokens.clone()).ok();
        if literal.is_none() {
            diag.error_help(
                argument.tokens,
                "expected a string",
                format_args!("write `{usage}`"),
            );
        }
        literal
    }

    pub(crate) fn flag(&mut self, usage: &'static str, diag: &mut Diagnostics) -> Option<Ident> {
        let argument = self.take(usage, diag)?;
        match argument.value {
            Value::Flag => argument.key,
            _ => argument.wrong(usage, diag),
        }
    }

    pub(crate) fn string(&mut self, usage: &'static str, diag: &mut Diagnostics) -> Option<LitStr> {
        self.assigned(usage, <LitStr as Parse>::parse, diag)
    }

    pub(crate) fn word(&mut self, usage: &'static str, diag: &mut Diagnostics) -> Option<Ident> {
        self.assigned(usage, <Ident as Parse>::parse, diag)
    }

    pub(crate) fn integer(&mut self, usage: &'static str, diag: &mut Diagnostics) -> Option<i32> {
        self.assigned(usage, signed, diag)
    }

    /// A number or another expression; returned as an expression.
    pub(crate) fn number(
        &mut self,
        usage: &'static str,
        diag: &mut Diagnostics,
    ) -> Option<TokenStream> {
        let number = self.assigned(usage, number, diag)?;
        Some(number.into_token_stream())
    }

    /// The value after `key =`.
    fn assigned<T>(
        &mut self,
        usage: &'static str,
        parser: impl Parser<Output = T>,
        diag: &mut Diagnostics,
    ) -> Option<T> {
        let argument = self.take(usage, diag)?;
        let value = match &argument.value {
            Value::Assigned(value) => parser.parse2(value.clone()).ok(),
            _ => None,
        };
        value.or_else(|| argument.wrong(usage, diag))
    }

    /// The span of an option's name, before the option is taken.
    pub(crate) fn place(&self, usage: &str) -> Option<Span> {
        let mut keys = self
            .rest
            .iter()
            .filter_map(|argument| argument.key.as_ref());
        let found = keys.find(|own| *own == key(usage))?;
        Some(found.span())
    }

    /// The types in `key(A, B)` or `key = [A, B]`, whichever the usage shows.
    pub(crate) fn types(
        &mut self,
        usage: &'static str,
        diag: &mut Diagnostics,
    ) -> Vec<ListElement> {
        let Some(argument) = self.take(usage, diag) else {
            return Vec::new();
        };
        let elements = match &argument.value {
            Value::Listed(group) if !usage.contains('=') => Some(group.stream()),
            Value::Assigned(value) if usage.contains('=') => bracketed(value),
            _ => None,
        };
        match elements {
            Some(elements) => list::parse(elements, diag),
            None => argument.wrong(usage, diag).unwrap_or_default(),
        }
    }

    /// The pairs in `key("name" = 5, …)`.
    pub(crate) fn priorities(
        &mut self,
        usage: &'static str,
        diag: &mut Diagnostics,
    ) -> Vec<(LitStr, i32)> {
        let Some(argument) = self.take(usage, diag) else {
            return Vec::new();
        };
        let Value::Listed(group) = &argument.value else {
            return argument.wrong(usage, diag).unwrap_or_default();
        };
        let pairs = Punctuated::<Pair, Token![,]>::parse_terminated.parse2(group.stream());
        match pairs {
            Ok(pairs) => pairs
                .into_iter()
                .map(|Pair(name, number)| (name, number))
                .collect(),
            Err(_) => argument.wrong(usage, diag).unwrap_or_default(),
        }
    }

    /// A duration as a string (`"5s"`, `"250ms"`) or an expression; returned as an expression.
    pub(crate) fn time(
        &mut self,
        usage: &'static str,
        diag: &mut Diagnostics,
    ) -> Option<TokenStream> {
        let argument = self.take(usage, diag)?;
        let Value::Assigned(value) = &argument.value else {
            return argument.wrong(usage, diag);
        };
        let Ok(text) = syn::parse2::<LitStr>(value.clone()) else {
            return match syn::parse2::<Expr>(value.clone()) {
                Ok(Expr::Lit(_)) | Err(_) => argument.wrong(usage, diag),
                Ok(_) => Some(value.clone()),
            };
        };
        let Some(milliseconds) = milliseconds(&text.value()) else {
            diag.error_help(
                &text,
                format_args!("`{}` is not a time", text.value()),
                "write a number followed by `ms`, `s`, `m` or `h`, such as `\"5s\"`",
            );
            return None;
        };
        let own = own(text.span());
        Some(quote_spanned!(own=> ::core::time::Duration::from_millis(#milliseconds)))
    }

    /// The types in `key = A` or `key = [A, B]`.
    pub(crate) fn type_or_types(
        &mut self,
        usage: &'static str,
        diag: &mut Diagnostics,
    ) -> Vec<ListElement> {
        let Some(argument) = self.take(usage, diag) else {
            return Vec::new();
        };
        match &argument.value {
            Value::Assigned(value) => {
                let elements = bracketed(value).unwrap_or_else(|| value.clone());
                list::parse(elements, diag)
            }
            _ => argument.wrong(usage, diag).unwrap_or_default(),
        }
    }

    /// The content of the brackets of `key = […]`.
    pub(crate) fn list(
        &mut self,
        usage: &'static str,
        diag: &mut Diagnostics,
    ) -> Option<TokenStream> {
        let argument = self.take(usage, diag)?;
        let elements = match &argument.value {
            Value::Assigned(value) => bracketed(value),
            _ => None,
        };
        elements.or_else(|| argument.wrong(usage, diag))
    }

    /// `crate = path`, for programs that use the framework under another path.
    pub(crate) fn runtime(&mut self, diag: &mut Diagnostics) -> Runtime {
        const USAGE: &str = "crate = ::path::to::specter";
        let Some(argument) = self.take(USAGE, diag) else {
            return Runtime::default();
        };
        let path = match &argument.value {
            Value::Assigned(value) => Path::parse_mod_style.parse2(value.clone()).ok(),
            _ => None,
        };
        path.or_else(|| argument.wrong(USAGE, diag))
            .map_or_else(Runtime::default, Runtime::at)
    }

    /// Reports arguments that were not taken. `attribute` is the attribute's name in messages, such
    /// as `#[module]`.
    pub(crate) fn finish(self, attribute: &str, diag: &mut Diagnostics) {
        let usages: Vec<_> = self
            .usages
            .iter()
            .filter(|usage| !usage.starts_with("crate"))
            .collect();
        let known = match usages.as_slice() {
            [] => format!("{attribute} has no options"),
            [only] => format!("the only option of {attribute} is `{only}`"),
            [most @ .., last] => {
                let most: Vec<_> = most.iter().map(|usage| format!("`{usage}`")).collect();
                format!(
                    "the options of {attribute} are {} and `{last}`",
                    most.join(", ")
                )
            }
        };
        for argument in &self.rest {
            let help = match argument.meant(&usages) {
                Some(meant) => format!("write `{meant}`; {known}"),
                None => known.clone(),
            };
            match &argument.key {
                Some(key) => diag.error_help(key, format_args!("unknown option `{key}`"), help),
                None => diag.error_help(&argument.tokens, "unexpected literal", help),
            }
        }
    }

    fn take(&mut self, usage: &'static str, diag: &mut Diagnostics) -> Option<Argument> {
        self.usages.push(usage);
        let key = key(usage);
        let mut found = self.rest.extract_if(.., |argument| argument.is(key));
        let first = found.next();
        for again in found {
            diag.error(&again.tokens, format_args!("`{key}` is given twice"));
        }
        first
    }
}

impl Argument {
    fn parse(tokens: TokenStream, diag: &mut Diagnostics) -> Option<Self> {
        let mut parts = tokens.clone().into_iter();
        let (key, value) = match (parts.next()?, parts.next()) {
            (TokenTree::Literal(_), None) => (None, Value::Literal),
            (TokenTree::Ident(key), None) => (Some(key), Value::Flag),
            (TokenTree::Ident(key), Some(TokenTree::Punct(sign))) if sign.as_char() == '=' => {
                let value: TokenStream = parts.collect();
                if value.is_empty() {
                    diag.error(&tokens, format_args!("expected a value after `{key} =`"));
                    return None;
                }
                (Some(key), Value::Assigned(value))
            }
            (TokenTree::Ident(key), Some(TokenTree::Group(list))) if parts.next().is_none() => {
                (Some(key), Value::Listed(list))
            }
            (TokenTree::Literal(_), _) => {
                let help = "separate the options by commas";
                diag.error_help(&tokens, "expected a `,` after the literal", help);
                return None;
            }
            (first, _) => {
                let text = readable(tokens.clone());
                let help = match first {
                    TokenTree::Ident(word) if word == "dyn" => format!("write `as = {text}`"),
                    _ => format!("write a name or a path in quotes: `\"{text}\"`"),
                };
                diag.error_help(
                    &tokens,
                    "expected an option, such as `key`, `key = value` or `key(A, B)`",
                    help,
                );
                return None;
            }
        };
        Some(Self { key, value, tokens })
    }

    fn is(&self, key: &str) -> bool {
        self.key.as_ref().is_some_and(|own| own == key)
    }

    /// The probable intention: the option with a similar name, or the literal.
    fn meant(&self, usages: &[&&'static str]) -> Option<String> {
        let name = self.key.as_ref()?.to_string();
        let keys = usages.iter().map(|usage| key(usage));
        let similar = nearest(&name, keys.filter(|key| !key.starts_with('"')));
        let usage = similar.and_then(|similar| usages.iter().find(|usage| key(usage) == similar));
        if let Some(usage) = usage {
            return Some((**usage).to_owned());
        }
        let takes_literal = usages.iter().any(|usage| usage.starts_with('"'));
        takes_literal.then(|| self.as_literal()).flatten()
    }

    /// The literal that a word or `name = "…"` probably means.
    fn as_literal(&self) -> Option<String> {
        const KEYS: [&str; 3] = ["name", "event", "path"];
        match (&self.key, &self.value) {
            (Some(key), Value::Flag) => Some(format!("\"{key}\"")),
            (Some(key), Value::Assigned(value)) if KEYS.iter().any(|literal| key == literal) => {
                Some(value.to_string())
            }
            _ => None,
        }
    }

    /// Reports that the option exists but its syntax is wrong.
    fn wrong<T>(&self, usage: &str, diag: &mut Diagnostics) -> Option<T> {
        let key = self.key.to_token_stream();
        diag.error_help(
            &self.tokens,
            format_args!("the syntax of `{key}` is wrong"),
            format_args!("write `{usage}`"),
        );
        None
    }
}

/// The first word of a usage.
fn key(usage: &str) -> &str {
    usage.split([' ', '(']).next().unwrap_or(usage)
}

/// The tokens without the invisible groups around the fragments of a declarative macro.
fn visible(tokens: TokenStream) -> TokenStream {
    let tokens = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => visible(group.stream()),
        other => other.into(),
    });
    tokens.collect()
}

fn bracketed(value: &TokenStream) -> Option<TokenStream> {
    let mut tokens = value.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Bracket => {
            Some(group.stream())
        }
        _ => None,
    }
}

/// An expression that may be a number.
fn number(input: syn::parse::ParseStream<'_>) -> syn::Result<Expr> {
    match input.parse()? {
        Expr::Lit(literal) if !matches!(literal.lit, Lit::Int(_)) => {
            Err(syn::Error::new_spanned(literal, "expected a number"))
        }
        number => Ok(number),
    }
}

fn signed(input: syn::parse::ParseStream<'_>) -> syn::Result<i32> {
    let minus: Option<syn::Token![-]> = input.parse()?;
    let number: LitInt = input.parse()?;
    let sign = if minus.is_some() { "-" } else { "" };
    format!("{sign}{}", number.base10_digits())
        .parse()
        .map_err(|error| syn::Error::new(number.span(), error))
}

/// `"name" = 5`.
struct Pair(LitStr, i32);

impl Parse for Pair {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self(name, signed(input)?))
    }
}

/// Parses a time such as `5s` to milliseconds. `None` if the text is malformed, or if the time is
/// zero or too large.
fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.find(|sign: char| !sign.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(factor).filter(|time| *time > 0)
}
