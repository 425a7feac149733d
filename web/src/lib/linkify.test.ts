import { expect, test } from "vitest";
import { linkify } from "./linkify";

const links = (text: string) => linkify(text).flatMap((part) => (part.kind === "link" ? [part.href] : []));

test("plain text stays one piece", () => {
  expect(linkify("no links here")).toEqual([{ kind: "text", text: "no links here" }]);
  expect(linkify("")).toEqual([]);
});

test("http and https addresses become links, everything around them stays text", () => {
  expect(linkify("see https://a.org/x?y=1#z now")).toEqual([
    { kind: "text", text: "see " },
    { kind: "link", text: "https://a.org/x?y=1#z", href: "https://a.org/x?y=1#z" },
    { kind: "text", text: " now" },
  ]);
});

test.each([
  ["See https://a.org/b.", "https://a.org/b"],
  ["(https://a.org/b)", "https://a.org/b"],
  ["https://a.org/x_(y)", "https://a.org/x_(y)"],
  ["(see https://a.org/x_(y)).", "https://a.org/x_(y)"],
  ["“https://a.org/b”!", "https://a.org/b"],
  ["https://a.org/b?!", "https://a.org/b"],
  ["HTTP://A.org/b", "http://a.org/b"],
])("punctuation of the sentence is not part of the address: %s", (text, href) => {
  expect(links(text)).toEqual([href]);
});

test.each([
  "javascript:alert(1)",
  "data:text/html,x",
  "file:///etc/passwd",
  "xhttp://a.org",
  "https://",
  "http://[",
])("what is not a web address is no link: %s", (text) => {
  expect(links(text)).toEqual([]);
});

test("markup around and inside an address ends it and stays text", () => {
  const text = 'https://a.org/"onmouseover="x <b>https://b.org</b>';
  expect(links(text)).toEqual(["https://a.org/", "https://b.org/"]);
});

test("the parts together are the text again, whatever it is", () => {
  for (const text of [
    "a https://x.org b http://y.org",
    "https://x.org))) ((",
    "\nhttps://x.org\n\n",
    "שלום https://x.org .",
  ])
    expect(
      linkify(text)
        .map((part) => part.text)
        .join(""),
    ).toBe(text);
});

test("a long hostile text is split quickly", () => {
  const started = performance.now();
  linkify(`https://a.org/${")".repeat(8_000)}`);
  linkify("http://".repeat(1_200));
  linkify(`https://a.org/${".".repeat(8_000)}`);
  expect(performance.now() - started).toBeLessThan(500);
});
