// Evaluates a script for its completion value, like a browser's console, and gives the outcome as JSON.
//
// `seal` hardens the environment and gives the function that cleans it. All built-in functions that run after a
// script are taken beforehand, and only own properties are read, so that a script's changes to prototypes reach
// nothing but its own result. This closure is strict, so that no script finds it as the caller of one of its functions.
(function (seal) {
  "use strict";
  const { apply } = Reflect;
  const { parse, rawJSON, stringify } = JSON;
  const { indexOf, slice, startsWith } = String.prototype;
  const { forEach: forEachOfMap } = Map.prototype;
  const { forEach: forEachOfSet } = Set.prototype;
  const { get: recall, set: remember } = WeakMap.prototype;
  const { toString: errorToString } = Error.prototype;
  const { exec } = RegExp.prototype;
  const { isError } = Error;
  const text = String;
  const MapClass = Map;
  const SetClass = Set;
  const SyntaxErrorClass = SyntaxError;
  const strictDirective = /^\s*(["'])use strict\1/;
  const ownUrl = "harness:/";

  // Direct eval in a function without a scope around it: a script's own names are local, `$` is the only other one.
  // Sloppy, so that a script may assign to names that it has not declared.
  const evaluate = new Function("$", `return eval(arguments[1])\n//# sourceURL=${ownUrl}`);
  Object.freeze(evaluate.prototype);
  Object.freeze(evaluate);

  const lines = new WeakMap();

  // The engine calls this to make `error.stack`: the script's own frames, and nothing of what surrounds them.
  Error.prepareStackTrace = (error, frames) => {
    let trace = "Error";
    try {
      trace = apply(errorToString, error, []);
    } catch {
      // an error without a usable text keeps the word
    }
    let first = null;
    for (let i = 0; i < frames.length; i++) {
      const line = frames[i].getLineNumber();
      if (line === null || frames[i].getScriptNameOrSourceURL() === ownUrl) continue;
      first ??= line;
      trace += `\n    at ${frames[i].getFunctionName()} (line ${line})`;
    }
    if (first !== null) apply(remember, lines, [error, first]);
    return trace;
  };

  const jsonable = (_key, value) => {
    switch (typeof value) {
      case "undefined":
      case "function":
      case "symbol":
        return null;
      case "bigint":
        return rawJSON(text(value));
      case "object":
        if (value instanceof MapClass) {
          const object = { __proto__: null };
          apply(forEachOfMap, value, [(item, key) => { object[text(key)] = item; }]);
          return object;
        }
        if (value instanceof SetClass) {
          const list = [];
          apply(forEachOfSet, value, [(item) => { list[list.length] = item; }]);
          return list;
        }
    }
    return value;
  };

  const describe = (thrown) => {
    try {
      const shown = text(thrown);
      return apply(startsWith, shown, ["[object "]) ? (stringify(thrown) ?? shown) : shown;
    } catch {
      return "The script threw a value that has no text";
    }
  };

  const lineOf = (thrown) => {
    try {
      if (!isError(thrown)) return null;
      void thrown.stack; // makes the engine call prepareStackTrace
      return apply(recall, lines, [thrown]) ?? null;
    } catch {
      return null;
    }
  };

  // Parses the source as a whole and then stops. If it does not parse, the error leaves uncaught and unchanged: the
  // engine's report of it is the only place that knows the line, and a `catch` would make it forget.
  const check = (source, answer) => {
    const directive = apply(exec, strictDirective, [source]) === null ? "" : '"use strict";';
    const state = { __proto__: null, parsed: false };
    try {
      apply(evaluate, undefined, [null, `${directive}throw arguments[2].parsed = true;${source}`, state]);
    } finally {
      if (state.parsed) return answer;
    }
  };

  const run = (source, data) => {
    try {
      const value = apply(evaluate, undefined, [data, source]);
      return stringify({ __proto__: null, value }, jsonable);
    } catch (thrown) {
      const line = lineOf(thrown);
      const answer = stringify({ __proto__: null, error: describe(thrown), line });
      // An error without frames of the script is most likely about its syntax.
      return line === null && isError(thrown) && thrown instanceof SyntaxErrorClass ? check(source, answer) : answer;
    }
  };

  const box = { __proto__: null, request: "" };
  const restore = seal();

  return Object.freeze({
    __proto__: null,
    box,
    restore,
    // The request is the source as JSON, to be checked; or that, a line feed, and the data as JSON, to be run.
    answer: () => {
      const request = box.request;
      box.request = "";
      const end = apply(indexOf, request, ["\n"]);
      if (end === -1) return check(parse(request), '{"value":null}');
      return run(parse(apply(slice, request, [0, end])), parse(apply(slice, request, [end + 1])));
    },
  });
})
