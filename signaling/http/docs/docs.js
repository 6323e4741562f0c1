// Draws /api/openapi.json. Everything is put in as text, so nothing in the document can become markup.

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, text = "", children = []) {
  const made = document.createElement(name);
  made.textContent = text;
  made.append(...children);
  return made;
}

// The document's prose is CommonMark of which we write one thing: code between backticks.
function prose(name, text) {
  const parts = text.split("`").map((part, index) => (index % 2 ? element("code", part) : part));
  return element(name, "", parts);
}

function resolve(schema, components) {
  return schema.$ref ? components[schema.$ref.split("/").pop()] : schema;
}

function typeName(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(typeName).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `list of ${typeName(schema.items ?? {})}`;
  return schema.type ?? "anything";
}

function limits(schema) {
  const names = { minLength: "at least", maxLength: "at most", maxItems: "at most" };
  const parts = Object.entries(names).filter(([key]) => key in schema).map(([key, word]) => `${word} ${schema[key]}`);
  return [schema.description, ...parts].filter(Boolean).join("; ");
}

function typeCell(schema) {
  const named = (schema.anyOf ?? [schema]).map((part) => part.$ref ?? part.items?.$ref).find(Boolean);
  if (!named) return element("td", typeName(schema));
  const link = element("a", typeName(schema));
  link.href = `#type-${named.split("/").pop()}`;
  link.addEventListener("click", () => document.getElementById(link.hash.slice(1))?.setAttribute("open", ""));
  return element("td", "", [link]);
}

function table(schema, components) {
  const { properties = {}, required = [], description } = resolve(schema, components);
  const rows = Object.entries(properties).map(([name, member]) =>
    element("tr", "", [
      element("td", "", [element("code", name)]),
      typeCell(member),
      element("td", required.includes(name) ? "required" : ""),
      prose("td", limits(member)),
    ]),
  );
  const head = element("tr", "", ["member", "type", "", "notes"].map((text) => element("th", text)));
  return [prose("p", description ?? ""), element("table", "", [head, ...rows])];
}

function content(title, holder, components) {
  return Object.entries(holder?.content ?? {}).flatMap(([type, { schema }]) => [
    element("h4", `${title} · ${type}${schema.$ref ? ` · ${typeName(schema)}` : ""}`),
    ...(schema.$ref ? table(schema, components) : []),
  ]);
}

function responses(operation, components) {
  const entries = Object.entries(operation.responses);
  const good = entries.filter(([status]) => status < 400);
  const bad = entries.filter(([status]) => status >= 400);
  const rows = bad.map(([status, { description }]) =>
    element("tr", "", [element("td", status), prose("td", description)]),
  );
  return [
    ...good.flatMap(([status, answer]) => [
      prose("h4", `${status}: ${answer.description}`),
      ...content("Answer", answer, components),
    ]),
    element("h4", "Problems (application/problem+json)"),
    element("table", "", rows),
  ];
}

function draw(path, method, operation, components) {
  const made = element("details", "", [
    element("summary", "", [
      element("b", method.toUpperCase()),
      element("code", path),
      element("span", operation.summary),
    ]),
    element("p", operation.security.length ? "Needs a token (Authorization: Bearer) or the cookie." : "Needs no login."),
    ...content("Body", operation.requestBody, components),
    ...responses(operation, components),
  ]);
  made.id = operation.operationId;
  return made;
}

async function main() {
  const about = document.getElementById("about");
  const answer = await fetch("/api/openapi.json");
  if (!answer.ok) {
    about.textContent = "The OpenAPI document could not be loaded.";
    return;
  }
  const answered = await answer.json();
  const { info, paths, components } = answered;
  about.replaceWith(prose("p", `${info.summary} Version ${info.version}. ${info.description}`));
  const groups = new Map();
  for (const [path, item] of Object.entries(paths))
    for (const method of METHODS.filter((name) => item[name])) {
      const operation = item[method];
      const tag = operation.tags[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(draw(path, method, operation, components.schemas));
    }
  const main = document.getElementById("operations");
  for (const [tag, drawn] of groups) main.append(element("h2", tag), ...drawn);
  const problems = Object.entries(answered["x-problems"]).map(([code, { status, title }]) => {
    const row = element("tr", "", [element("td", "", [element("code", code)]), element("td", status), element("td", title)]);
    row.id = `problem-${code}`;
    return row;
  });
  const types = Object.entries(components.schemas).map(([name, schema]) => {
    const summary = element("summary", "", [element("code", name)]);
    const made = element("details", "", [summary, ...table(schema, components.schemas)]);
    made.id = `type-${name}`;
    return made;
  });
  main.append(element("h2", "types"), ...types);
  main.append(element("h2", "problems"), element("table", "", problems));
  if (location.hash) {
    const target = document.getElementById(location.hash.slice(1));
    target?.setAttribute("open", "");
    target?.scrollIntoView();
  }
}

main();
