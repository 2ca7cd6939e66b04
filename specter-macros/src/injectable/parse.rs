//! Parses `#[injectable(…)]` and its struct or function, and checks what does not need types.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    FnArg, Generics, ItemFn, ReturnType, Safety, Signature, Token, Type, TypeInfer,
    spanned::Spanned,
};

use super::model::{Dependency, Factory, Provider, Scope, Source};
use crate::{
    diag::Diagnostics,
    syntax::{
        args::Arguments,
        fields::Construction,
        item::{self, Placement, parse_struct},
        pattern,
        runtime::Stretch,
        types,
    },
};

const PLACEMENT: Placement = Placement {
    attribute: "`#[injectable]`",
    on: "a struct or a function",
    help: "put it on the struct that is to be injected, or on a function that returns one",
};

const FREE_FUNCTION: &str =
    "make it a free function and take what it needs as parameters, such as `config: Arc<Config>`";

pub(crate) fn provider(
    arguments: TokenStream,
    item: &TokenStream,
    diag: &mut Diagnostics,
) -> Option<Provider> {
    let mut arguments = Arguments::parse(arguments, diag);
    let scope = scope(&mut arguments, diag);
    let aliases = arguments.type_or_types("as = dyn Trait", diag);
    let on_init = arguments.word("on_init = method", diag);
    let on_shutdown = arguments.word("on_shutdown = method", diag);
    let runtime = arguments.runtime(diag);
    arguments.finish(PLACEMENT.attribute, diag);

    if let Some(method) = on_init.as_ref().filter(|_| scope != Scope::Singleton) {
        diag.error_help(
            method,
            "only a singleton has `on_init`",
            "write an async factory that initializes the value, or initialize it in `connect`",
        );
    }

    let is_function = item::keyword(item).is_some_and(|word| word.to_string() == "fn");
    let (name, generics, source) = if is_function {
        let function: ItemFn = diag.absorb(syn::parse2(item.clone()))?;
        (
            function.sig.ident.clone(),
            function.sig.generics.clone(),
            Source::Factory(Box::new(factory(&function, diag)?)),
        )
    } else {
        let item = parse_struct(item, &PLACEMENT, diag)?;
        let construction = Construction::parse(&item, diag);
        without_lifetimes(&item.generics, diag)?;
        (item.ident, item.generics, Source::Struct(construction))
    };
    Some(Provider {
        runtime,
        name,
        scope,
        generics,
        aliases,
        on_init,
        on_shutdown,
        source,
    })
}

fn scope(arguments: &mut Arguments, diag: &mut Diagnostics) -> Scope {
    let Some(chosen) = arguments.word("scope = singleton` or `scope = socket", diag) else {
        return Scope::default();
    };
    match chosen.to_string().as_str() {
        "singleton" => Scope::Singleton,
        "socket" => Scope::Socket,
        "transient" => Scope::Transient,
        other => {
            diag.error_help(
                &chosen,
                format_args!("unknown scope `{other}`"),
                "`singleton` builds one value for the application, `socket` one for each socket, \
                 `transient` one for each place that injects it",
            );
            Scope::default()
        }
    }
}

/// Rejects lifetime parameters. (Type parameters are allowed: a module lists `Cache<User>`.)
fn without_lifetimes(generics: &Generics, diag: &mut Diagnostics) -> Option<()> {
    for lifetime in generics.lifetimes() {
        diag.error_help(
            lifetime,
            "a provider cannot borrow",
            "it lives as long as the application or its socket: own the value, or share it as \
             `Arc<T>`",
        );
    }
    generics.lifetimes().next().is_none().then_some(())
}

fn factory(function: &ItemFn, diag: &mut Diagnostics) -> Option<Factory> {
    let signature = &function.sig;
    let before = diag.count();
    if let Safety::Unsafe(word) = &signature.safety {
        diag.error(word, "a factory cannot be `unsafe`: the container calls it");
    }
    let parameters = signature
        .inputs
        .iter()
        .filter_map(|input| dependency(input, diag))
        .collect();
    if let Some(word) = types::self_word(signature) {
        diag.error_help(word, "a method cannot be a provider", FREE_FUNCTION);
    }
    let built = built(signature, diag);
    without_lifetimes(&signature.generics, diag)?;
    let (value, error) = built?;
    (diag.count() == before).then_some(Factory {
        visibility: function.vis.clone(),
        is_async: signature.asyncness.is_some(),
        value,
        error,
        parameters,
    })
}

/// The type of the value that the function builds, and the type of its error if it may fail.
fn built(signature: &Signature, diag: &mut Diagnostics) -> Option<(Type, Option<Type>)> {
    const HELP: &str = "write `-> T` or `-> Result<T, E>`; the value is injected as `Arc<T>`";
    let ReturnType::Type(_, ty) = &signature.output else {
        diag.error_help(
            &signature.ident,
            "a factory must return the value that it provides",
            HELP,
        );
        return None;
    };
    if types::is_future(ty) {
        let help = "make the function an `async fn` that returns the future's value";
        diag.error_help(ty, "a factory must not return a future", help);
        return None;
    }
    if let Some(found) = types::impl_trait(ty) {
        diag.error_help(
            found,
            "a factory cannot return `impl Trait`",
            "name the type: the value is injected by it",
        );
        return None;
    }
    if !types::is_called(ty, "Result") {
        return Some(((**ty).clone(), None));
    }
    let mut arguments = types::arguments(ty);
    let Some(value) = arguments.next() else {
        diag.error_help(ty, "the type in this `Result` is unknown", HELP);
        return None;
    };
    let error = arguments.next().cloned().unwrap_or_else(|| {
        let underscore = Token![_](Stretch::of(ty).first());
        Type::Infer(TypeInfer {
            attrs: Vec::new(),
            underscore_token: underscore,
        })
    });
    Some((value.clone(), Some(error)))
}

fn dependency(input: &FnArg, diag: &mut Diagnostics) -> Option<Dependency> {
    let parameter = match input {
        FnArg::Typed(parameter) => parameter,
        FnArg::Receiver(receiver) => {
            diag.error_help(receiver, "a method cannot be a provider", FREE_FUNCTION);
            return None;
        }
    };
    let ty = &*parameter.ty;
    let refused = match types::bare(ty) {
        Type::Reference(reference) => Some(reference.to_token_stream()),
        other => types::impl_trait(other).map(ToTokens::into_token_stream),
    };
    if let Some(refused) = refused {
        diag.error_help(
            refused,
            "this cannot be injected",
            "take a shared dependency as `Arc<T>`",
        );
        return None;
    }
    Some(Dependency {
        label: pattern::label(&parameter.pat),
        ty: ty.clone(),
        span: ty.span(),
    })
}
