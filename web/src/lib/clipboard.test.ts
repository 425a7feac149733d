import { expect, test } from "vitest";
import { pastedImages } from "./clipboard";

const png = (name: string) => ({ name, type: "image/png" });

function pasted(text: string, ...files: { name: string; type: string }[]): string[] {
  const data = { files: files as unknown as FileList, getData: () => text };
  return pastedImages(data).map((file) => file.name);
}

test("an image alone is taken; with text it is a picture of the text", () => {
  expect(pasted("", png("image.png"))).toEqual(["image.png"]);
  expect(pasted("A cell\t42", png("image.png"))).toEqual([]);
  expect(pasted("words")).toEqual([]);
  expect(pasted("", { name: "a.txt", type: "text/plain" }, png("b.png"))).toEqual(["b.png"]);
});

test("names of the files, as file managers add them, are no text", () => {
  expect(pasted("wall.png", png("wall.png"))).toEqual(["wall.png"]);
  expect(pasted("/home/ada/a b.png\r\n/home/ada/c.png\n", png("a b.png"), png("c.png"))).toEqual([
    "a b.png",
    "c.png",
  ]);
  expect(pasted("file:///home/ada/a%20b.png", png("a b.png"))).toEqual(["a b.png"]);
  expect(pasted("C:\\pictures\\a.png", png("a.png"))).toEqual(["a.png"]);
  expect(pasted("this is image.png", png("image.png"))).toEqual([]);
});
