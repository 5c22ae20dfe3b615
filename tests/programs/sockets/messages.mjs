// What is sent: each length as a text and as bytes. It stands by itself, so that a page may have it too.

const LENGTHS = [1 << 10, 16 << 20];

// Exactly so many bytes of text that compresses well, no two lines the same, not all of it ASCII.
export function text(length) {
  const lines = [];
  for (let n = 0, bytes = 0; bytes < length; n += 1) {
    lines.push(`${(n * n).toString(16)} wirefeed \u00e9\n`);
    bytes += lines.at(-1).length + 1;
  }
  const bytes = new TextEncoder().encode(lines.join(''));
  // A character that is cut is left out.
  const value = new TextDecoder().decode(bytes.subarray(0, length), { stream: true });
  return value + ' '.repeat(length - new TextEncoder().encode(value).length);
}

export function messages() {
  return LENGTHS.flatMap((length) => [text(length), new TextEncoder().encode(text(length))]);
}
