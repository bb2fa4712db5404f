#!/bin/sh
# Verify an unpacked bundle with openssl, sha256sum and the tools of any system; no Python, and
# nothing of this project. Usage: verify_with_openssl.sh FOLDER [PUBLIC_KEY]
#
# With PUBLIC_KEY the signer is who you think; without it the key of the bundle itself is used,
# and all that is shown is that nothing changed since somebody signed it.
set -eu
LC_ALL=C
export LC_ALL
cd "$1"
key=${2:-signatures/signer.pub.pem}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "INVALID $*"
    exit 1
}

# the value of a text field of an envelope, which is one line of JSON without escapes
field() {
    sed -n "s/.*\"$1\": \"\\([^\"]*\\)\".*/\\1/p" "$work/envelope"
}

verify() {
    if openssl pkey -pubin -in "$key" -noout -text | grep -q ED25519; then
        openssl pkeyutl -verify -pubin -inkey "$key" -rawin -sigfile "$1" -in "$2"
    else
        openssl dgst -sha256 -verify "$key" -signature "$1" "$2"
    fi > /dev/null 2>&1
}

subject=$(sha256sum tagmanifest-sha256.txt | cut -d' ' -f1)
count=0
: > "$work/predicates"
while IFS= read -r line; do
    count=$((count + 1))
    printf '%s\n' "$line" > "$work/envelope"
    type=$(field payloadType)
    [ "$type" = application/vnd.in-toto+json ] || fail "payload type"
    field payload | tr -d '\n' | base64 -d > "$work/statement"
    field sig | tr -d '\n' | base64 -d > "$work/signature"
    # DSSE v1: "DSSEv1" length-of-type type length-of-payload payload
    {
        printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$(wc -c < "$work/statement")"
        cat "$work/statement"
    } > "$work/signed"
    verify "$work/signature" "$work/signed" || fail "signature $count"
    grep -q "\"subject\":\[{\"digest\":{\"sha256\":\"$subject\"},\"name\":\"tagmanifest-sha256.txt\"}\]" \
        "$work/statement" || fail "subject $count"
    predicate=$(sed -n 's/.*"predicateType":"\([^"]*\)".*/\1/p' "$work/statement")
    printf '%s\n' "$predicate" >> "$work/predicates"
done < signatures/attestation.intoto.jsonl

# a loop over no lines passes: count, and name what must be there
[ "$count" -eq 2 ] || fail "expected 2 envelopes, found $count"
printf '%s\n' https://in-toto.io/attestation/test-result/v0.1 https://slsa.dev/provenance/v1 \
    > "$work/expected"
sort "$work/predicates" | cmp -s - "$work/expected" || fail "predicates"

sha256sum --check --strict --quiet tagmanifest-sha256.txt > /dev/null 2>&1 || fail "tag files"
sha256sum --check --strict --quiet manifest-sha256.txt > /dev/null 2>&1 || fail "payload"
{
    cut -c67- tagmanifest-sha256.txt manifest-sha256.txt
    echo tagmanifest-sha256.txt
    echo signatures/attestation.intoto.jsonl
    echo signatures/signer.pub.pem
} | sort > "$work/listed"
find . ! -type d | sed 's,^\./,,' | sort | cmp -s - "$work/listed" || fail "files"
echo "OK 2 statements, $(wc -l < manifest-sha256.txt) payload files"
