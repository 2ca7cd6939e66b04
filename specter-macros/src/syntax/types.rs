//! Inspects types by their tokens. A macro cannot resolve names, so only the name that the user
//! wrote counts: an alias is not recognized as its target.

use proc_macro2::{Ident, Span};
use syn::{
    FnArg, GenericArgument, Lifetime, Path, PathArguments, PathSegment, Signature, Type,
    TypeImplTrait, TypeReference,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

/// The type without the invisible groups and parentheses around it.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

/// The last name of a path: `Result` of `std::io::Result<T>`.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Whether the type's last name is `name`.
pub(crate) fn is_called(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// The types among the generic arguments: `T` and `E` of `Result<T, E>`.
pub(crate) fn arguments(ty: &Type) -> impl Iterator<Item = &Type> {
    let listed = match last_segment(ty).map(|segment| &segment.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => Some(&arguments.args),
        _ => None,
    };
    listed
        .into_iter()
        .flatten()
        .filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
}

/// The first of the [`arguments`].
pub(crate) fn first_argument(ty: &Type) -> Option<&Type> {
    arguments(ty).next()
}

/// The first `impl Trait` in the type.
pub(crate) fn impl_trait(ty: &Type) -> Option<TypeImplTrait> {
    struct Search(Option<TypeImplTrait>);
    impl Visit<'_> for Search {
        fn visit_type_impl_trait(&mut self, found: &TypeImplTrait) {
            self.0.get_or_insert_with(|| found.clone());
        }
    }
    let mut search = Search(None);
    search.visit_type(ty);
    search.0
}

/// Whether the type is a function or closure.
pub(crate) fn is_callback(ty: &TypeImplTrait) -> bool {
    ty.bounds.iter().any(|bound| {
        matches!(bound, syn::TypeParamBound::Trait(bound)
            if bound.path.segments.last().is_some_and(|segment| segment.ident.to_string().starts_with("Fn")))
    })
}

/// Whether a function with this return type certainly returns a value: neither `()` nor a `Result`
/// of it.
pub(crate) fn is_value(ty: &Type) -> bool {
    match bare(ty) {
        Type::Tuple(tuple) => !tuple.elems.is_empty(),
        Type::Never(_) => false,
        path if last_segment(path)
            .is_some_and(|name| name.ident.to_string().ends_with("Result")) =>
        {
            first_argument(path).is_some_and(is_value)
        }
        _ => true,
    }
}

/// The first `Self` in a signature.
pub(crate) fn self_word(signature: &Signature) -> Option<Ident> {
    struct Search(Option<Ident>);
    impl Visit<'_> for Search {
        fn visit_ident(&mut self, word: &Ident) {
            if word == "Self" {
                self.0.get_or_insert_with(|| word.clone());
            }
        }
    }
    let mut search = Search(None);
    let typed = signature
        .inputs
        .iter()
        .filter(|input| matches!(input, FnArg::Typed(_)));
    typed.for_each(|input| search.visit_fn_arg(input));
    search.visit_return_type(&signature.output);
    search.0
}

/// The first reference in the type, other than `&'static`.
pub(crate) fn reference(ty: &Type) -> Option<TypeReference> {
    struct Search(Option<TypeReference>);
    impl Visit<'_> for Search {
        fn visit_type_reference(&mut self, found: &TypeReference) {
            if is_static(found) {
                visit::visit_type_reference(self, found);
            } else {
                self.0.get_or_insert_with(|| found.clone());
            }
        }
    }
    let mut search = Search(None);
    search.visit_type(ty);
    search.0
}

/// Whether the lifetime of the reference is `'static`.
pub(crate) fn is_static(reference: &TypeReference) -> bool {
    reference
        .lifetime
        .as_ref()
        .is_some_and(|lifetime| lifetime.ident == "static")
}

/// Whether the return type of a plain function is a future.
pub(crate) fn is_future(ty: &Type) -> bool {
    match bare(ty) {
        Type::ImplTrait(found) => found.bounds.iter().any(is_future_bound),
        Type::TraitObject(found) => found.bounds.iter().any(is_future_bound),
        path if is_called(path, "Pin") || is_called(path, "Box") => {
            first_argument(path).is_some_and(is_future)
        }
        path => is_called(path, "BoxFuture") || is_called(path, "LocalBoxFuture"),
    }
}

fn is_future_bound(bound: &syn::TypeParamBound) -> bool {
    matches!(bound, syn::TypeParamBound::Trait(bound)
        if bound.path.segments.last().is_some_and(|segment| segment.ident == "Future"))
}

/// The type as a function outside of the method must name it: `Self` is replaced by the
/// controller's path, and the method's lifetimes by `'_`.
pub(crate) fn outside_method(
    mut ty: Type,
    self_path: Option<&Path>,
    lifetimes: &[&Lifetime],
) -> Type {
    Outside {
        self_path,
        lifetimes,
    }
    .visit_type_mut(&mut ty);
    ty
}

struct Outside<'a> {
    self_path: Option<&'a Path>,
    lifetimes: &'a [&'a Lifetime],
}

impl VisitMut for Outside<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        if let Some(replacement) = self.self_path
            && path.leading_colon.is_none()
            && path
                .segments
                .first()
                .is_some_and(|first| first.ident == "Self")
        {
            let rest: Vec<_> = std::mem::take(&mut path.segments)
                .into_iter()
                .skip(1)
                .collect();
            *path = replacement.clone();
            path.segments.extend(rest);
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if self.lifetimes.iter().any(|own| own.ident == lifetime.ident) {
            let span: Span = lifetime.span();
            *lifetime = Lifetime::new("'_", span);
        }
    }
}
