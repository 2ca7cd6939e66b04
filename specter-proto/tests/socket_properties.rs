//! Properties of the Socket.IO codec: encoded values are decoded unchanged, and input from a peer
//! is decoded or rejected, without any other effect.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use specter_proto::engine::EncodedPacket;
use specter_proto::socketio::{
    Args, Binary, Decoder, DecoderLimits, EventPacket, Packet, encode, is_reserved,
};

/// A value inside an argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Tree {
    Null,
    Bool(bool),
    Integer(i64),
    Bytes(Binary),
    Text(String),
    List(Vec<Tree>),
    Object(BTreeMap<String, Tree>),
}

/// One tree, two trees as one argument, and the same again.
type Nested = (Tree, (Tree, Tree), Tree, (Tree, Tree));

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        any::<i64>().prop_map(Tree::Integer),
        any::<String>().prop_map(Tree::Text),
        vec(any::<u8>(), 0..8).prop_map(|bytes| Tree::Bytes(bytes.into())),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Tree::List),
            btree_map(any::<String>(), inner, 0..6).prop_map(Tree::Object),
        ]
    })
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("/".to_owned()), "/[^,?]{0,20}"]
}

/// Short ids, as clients count, and long ones.
fn id() -> impl Strategy<Value = u64> {
    prop_oneof![0..2_000_000_u64, 0..=specter_proto::socketio::MAX_ID]
}

fn name() -> impl Strategy<Value = String> {
    any::<String>().prop_filter("reserved", |name| !is_reserved(name))
}

/// Fragments that make valid and invalid JSON far more often than arbitrary characters do.
fn json_like() -> impl Strategy<Value = String> {
    let fragments = prop::sample::select(vec![
        "[",
        "]",
        "[",
        "]",
        "{",
        "}",
        ",",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"a\":",
        "\\",
        "\\u0041",
        "\\ud800",
        "\\n",
        "0",
        "1",
        "-",
        ".",
        "e",
        "+",
        "true",
        "false",
        "null",
        "nul",
        " ",
        "\n",
        "\t",
        "{\"_placeholder\":true,\"num\":0}",
        "\"_placeholder\":true,",
        "\"num\":1",
        "é",
        "😀",
        "\u{1}",
        "\u{7f}",
        "abcdefgh",
        "[1,\"x\"]",
        "{\"a\":[]}",
    ]);
    vec(fragments, 0..24).prop_map(|fragments| fragments.concat())
}

/// The elements of a valid array in which one fragment is replaced.
fn almost_json() -> impl Strategy<Value = String> {
    let place = (any::<prop::sample::Index>(), 0..3_usize);
    (vec(tree(), 0..4), place, json_like(), any::<String>()).prop_map(
        |(elements, (place, removed), fragment, text)| {
            let json = serde_json::to_string(&(elements, text)).unwrap();
            let characters: Vec<char> = json.chars().collect();
            let start = place.index(characters.len());
            let (before, rest) = characters.split_at(start);
            let after = &rest[removed.min(rest.len())..];
            before.iter().collect::<String>() + &fragment + &after.iter().collect::<String>()
        },
    )
}

fn limits() -> DecoderLimits {
    DecoderLimits {
        max_attachments: 1000,
        max_event_name_len: 10_000,
        ..DecoderLimits::default()
    }
}

/// The packet that a peer's decoder reads.
fn received(packet: &EncodedPacket) -> Packet {
    let mut decoder = Decoder::new(limits());
    let mut frames = packet.frames();
    let text = std::str::from_utf8(frames.next().unwrap().payload()).unwrap();
    let mut decoded_packet = decoder.text(text.strip_prefix('4').unwrap()).unwrap();
    for frame in frames {
        assert!(decoded_packet.is_none());
        decoded_packet = decoder.binary(frame.payload()).unwrap();
    }
    decoded_packet.unwrap()
}

fn received_event(packet: &EncodedPacket) -> EventPacket {
    match received(packet) {
        Packet::Event(event) => event,
        other => panic!("{other:?}"),
    }
}

/// Reads each argument by all functions and into several types.
fn read_all(args: &Args) {
    let mut cursor = args.arguments();
    let mut count = 0;
    while !cursor.is_empty() {
        let _ = cursor.clone().next::<Value>();
        let _ = cursor.clone().next::<&str>();
        let _ = cursor.clone().next::<BTreeMap<String, Vec<u8>>>();
        let _ = cursor.clone().next::<Binary>();
        let _ = cursor.clone().decode::<(u8, Tree)>();
        assert!(cursor.skip());
        count += 1;
    }
    assert_eq!(count, args.len());
    let _ = encode::args(&(Binary::default(), args));
}

proptest! {
    #[test]
    fn events_are_decoded_unchanged(
        namespace in namespace(),
        id in prop::option::of(id()),
        name in name(),
        first in tree(),
        second in tree(),
    ) {
        let packet = encode::event(&namespace, id, &name, &(&first, &second)).unwrap();
        let event = received_event(&packet);
        prop_assert_eq!(event.namespace(), namespace);
        prop_assert_eq!(event.name(), name);
        prop_assert_eq!(event.id(), id);
        prop_assert_eq!(event.raw_args().len(), 2);
        let mut args = event.args();
        prop_assert_eq!(&args.next::<Tree>().unwrap(), &first);
        prop_assert_eq!(&args.next::<Tree>().unwrap(), &second);
        prop_assert!(args.is_empty());
        prop_assert_eq!(event.args().decode::<(Tree, Tree)>().unwrap(), (first, second));
    }

    #[test]
    fn acknowledgements_are_decoded_unchanged(
        namespace in namespace(),
        id in id(),
        answer in tree(),
    ) {
        let packet = encode::ack(&namespace, id, &answer).unwrap();
        let sent: Vec<u8> = packet.frames().flat_map(|frame| frame.websocket().to_vec()).collect();
        let mut appended = b"before".to_vec();
        encode::append_ack(&mut appended, &namespace, id, &answer).unwrap();
        prop_assert_eq!(&appended[6..], sent);
        let Packet::Ack(ack) = received(&packet) else { panic!("no acknowledgement") };
        prop_assert_eq!(ack.id(), id);
        // A list is one argument, not several.
        prop_assert_eq!(ack.raw_args().len(), 1);
        prop_assert_eq!(ack.args().next::<Tree>().unwrap(), answer);
    }

    #[test]
    fn arguments_that_are_passed_on_are_unchanged(
        before in tree(),
        first in tree(),
        second in tree(),
    ) {
        let event = received_event(&encode::event("/", None, "m", &(&first, &second)).unwrap());
        let args = event.raw_args();

        let again = received_event(&encode::event("/c", None, "n", &args).unwrap());
        let decoded = again.args().decode::<(Tree, Tree)>().unwrap();
        prop_assert_eq!(decoded, (first.clone(), second.clone()));
        let attachments = again.raw_args();
        prop_assert_eq!(attachments.attachments(), args.attachments());

        let nested = encode::event("/", None, "n", &(&before, &args, &before, &args)).unwrap();
        let nested = received_event(&nested).args().decode::<Nested>().unwrap();
        let pair = (first, second);
        prop_assert_eq!(nested, (before.clone(), pair.clone(), before, pair));

        let mut rest = event.args();
        rest.skip();
        let rest = received_event(&encode::event("/", None, "r", &rest.rest()).unwrap());
        let (_, second) = event.args().decode::<(IgnoredAny, Tree)>().unwrap();
        prop_assert_eq!(rest.args().decode::<(Tree,)>().unwrap(), (second,));
    }

    #[test]
    fn encoding_in_two_steps_makes_the_same_packet(
        name in name(),
        id in any::<u32>(),
        value in tree(),
    ) {
        let id = u64::from(id);
        let payloads = |packet: &EncodedPacket| -> Vec<Vec<u8>> {
            packet.frames().map(|frame| frame.payload().to_vec()).collect()
        };
        let args = encode::args(&(&value, 1)).unwrap();
        let direct = encode::event("/c", Some(id), &name, &(&value, 1)).unwrap();
        let in_two_steps = encode::event_encoded("/c", Some(id), &name, args.clone());
        prop_assert_eq!(payloads(&direct), payloads(&in_two_steps.into()));
        let direct = encode::ack("/", id, &(&value, 1)).unwrap();
        prop_assert_eq!(payloads(&direct), payloads(&encode::ack_encoded("/", id, args).into()));
    }

    #[test]
    fn the_decoder_and_serde_json_accept_the_same_json(
        elements in prop_oneof![json_like(), almost_json()],
    ) {
        let array = format!("[{elements}]");
        let reference = serde_json::from_str::<Vec<IgnoredAny>>(&array);
        let decoded = Decoder::new(limits()).text(&format!("31{array}"));
        prop_assert_eq!(decoded.is_ok(), reference.is_ok(), "{}: {:?}", array, reference);
        if let (Ok(Some(Packet::Ack(ack))), Ok(reference)) = (&decoded, &reference) {
            prop_assert_eq!(ack.raw_args().len(), reference.len());
            prop_assert_eq!(ack.raw_args().to_json().len(), ack.raw_args().json().len() + 2);
            read_all(&ack.raw_args());
            if let Ok(Value::Array(values)) = serde_json::from_str(&array) {
                for (index, value) in values.into_iter().enumerate() {
                    prop_assert_eq!(ack.raw_args().get::<Value>(index).unwrap(), value);
                }
            }
        }
    }

    #[test]
    fn earlier_packets_of_the_connection_have_no_effect(
        names in vec(
            prop_oneof![
                Just("echo".to_owned()),
                Just("connect".to_owned()),
                "[a-z]{0,14}",
                any::<String>(),
            ],
            2,
        ),
        heads in vec(("(/[a-z]{0,3},)?", prop::option::of(id())), 2),
        data in prop_oneof![json_like(), almost_json()],
    ) {
        let limits = DecoderLimits { max_event_name_len: 10, ..limits() };
        let texts = names.iter().flat_map(|name| {
            let name = serde_json::to_string(name).unwrap();
            let head = |(namespace, id): &(String, Option<u64>)| {
                format!("{namespace}{}", id.map(|id| id.to_string()).unwrap_or_default())
            };
            let [first, second] = [&heads[0], &heads[1]].map(head);
            [
                format!("2{first}[{name},{data}]"),
                format!("2{second}[{name},1]"),
                format!("2{first}[{name},{data}]"),
                format!("51-{first}[{name},{{\"_placeholder\":true,\"num\":0}},{data}]"),
                format!("2{first}[{name}]"),
                format!("2{first}[{name}{data}]"),
            ]
        });
        let mut decoder = Decoder::new(limits);
        for text in texts {
            let decode = |decoder: &mut Decoder| {
                let packet = decoder.text(&text).map(|packet| {
                    packet.or_else(|| decoder.binary(b"bytes").unwrap())
                });
                packet.map(|packet| match packet {
                    Some(Packet::Event(event)) => {
                        let namespace = event.namespace().to_owned();
                        let name = event.name().to_owned();
                        let args = event.raw_args();
                        let of_args = (args.to_json(), args.len(), args.attachments().to_vec());
                        Some((namespace, name, event.id(), event.size(), of_args))
                    }
                    _ => None,
                })
            };
            // A connection is closed after an error. The decoder's cache must have no effect even
            // then.
            prop_assert_eq!(decode(&mut decoder), decode(&mut Decoder::new(limits)), "{}", text);
        }
    }

    #[test]
    fn no_input_from_a_peer_panics(
        messages in vec(
            prop_oneof![
                any::<String>().prop_map(Ok),
                ("[0-6][0-9]{0,2}-?", "(/[a-z?]{0,3},?)?[0-9]{0,2}", json_like())
                    .prop_map(|(kind, header, json)| Ok(format!("{kind}{header}[\"m\",{json}]"))),
                ("[0-6]([0-3]-)?", json_like()).prop_map(|(kind, json)| Ok(kind + &json)),
                vec(any::<u8>(), 0..4).prop_map(Err),
            ],
            0..8,
        ),
    ) {
        let mut decoder = Decoder::new(DecoderLimits::default());
        for message in &messages {
            let decoded = match message {
                Ok(text) => decoder.text(text),
                Err(bytes) => decoder.binary(bytes),
            };
            match decoded {
                Ok(Some(Packet::Event(event))) => read_all(&event.raw_args()),
                Ok(Some(Packet::Ack(ack))) => read_all(&ack.raw_args()),
                Ok(Some(Packet::Connect(connect))) => {
                    if let Some(auth) = connect.auth() {
                        prop_assert!(serde_json::from_str::<IgnoredAny>(auth).is_ok());
                    }
                }
                Ok(Some(Packet::Disconnect(_)) | None) => {}
                Err(error) => {
                    prop_assert!(!error.code().is_empty());
                    prop_assert!(!decoder.is_pending());
                }
            }
        }
    }

    #[test]
    fn decoded_placeholders_always_name_an_attachment(json in json_like(), count in 1..3_usize) {
        let mut decoder = Decoder::new(DecoderLimits::default());
        let Ok(mut decoded) = decoder.text(&format!("5{count}-[\"m\",{json}]")) else {
            return Ok(());
        };
        for _ in 0..count {
            decoded = decoder.binary(b"x").unwrap();
        }
        let Some(Packet::Event(event)) = decoded else { panic!("no event") };
        // Passed on after another attachment, every placeholder still names one.
        let again = encode::event("/", None, "m", &(Binary::default(), event.raw_args())).unwrap();
        received(&again);
    }
}
