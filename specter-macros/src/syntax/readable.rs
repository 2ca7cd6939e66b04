//! Formats tokens as a person would write them, for the names of types and patterns in messages.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// `Repository<User>`, for tokens whose `Display` is `Repository < User >`.
pub(crate) fn readable(tokens: TokenStream) -> String {
    let mut text = String::new();
    write(tokens, &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    let mut word_before = false;
    for token in tokens {
        let word = matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_));
        if word && word_before {
            text.push(' ');
        }
        word_before = word;
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                ',' => text.push_str(", "),
                '+' => text.push_str(" + "),
                sign => text.push(sign),
            },
            other => text.push_str(&other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn types_read_as_written() {
        for written in [
            "Repository<User>",
            "a::b::C",
            "dyn Clock + Send",
            "Map<K, Vec<u8>>",
            "Auth(token)",
            "(a, b)",
            "&mut T",
        ] {
            assert_eq!(readable(written.parse().unwrap()), written);
        }
    }
}
