/** Copies `text`; false when the browser does not let us. navigator.clipboard is missing on plain http:// addresses. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "sr-only";
    field.setAttribute("aria-hidden", "true");
    document.body.append(field);
    field.select();
    let copied = false;
    try {
      copied = document.execCommand("copy");
    } catch {
      copied = false;
    }
    field.remove();
    return copied;
  }
}

/**
 * The images of a paste, unless what was copied is text: word processors and spreadsheets add a picture of it. File
 * managers in turn add the names of the files, which are no text.
 */
export function pastedImages(data: Pick<DataTransfer, "files" | "getData">): File[] {
  const files = [...data.files];
  const lines = data
    .getData("text/plain")
    .trim()
    .split(/\s*\n\s*/);
  const isName = (line: string) => {
    const base = line.replace(/^.*[/\\]/, "");
    return base === "" || files.some(({ name }) => base === name || base === encodeURIComponent(name));
  };
  return lines.every(isName) ? files.filter((file) => file.type.startsWith("image/")) : [];
}
