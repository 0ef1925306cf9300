// Makes one JavaScript environment safe to share between scripts that must not know of each other.
//
// What scripts have no reason to change (constructors, namespaces, every function) is frozen. The global object and the
// prototypes that ordinary objects inherit from stay writable, because assigning `o.toString` fails where the inherited
// property is read-only, and because scripts add to them; a script may do so for itself: `restore` takes it back. Their
// properties are only made non-configurable, so that none can be deleted or become an accessor.
//
// Gives `restore`: false means that the environment cannot be cleaned and must not be used again. It calls nothing
// that a script can have replaced, and reads nothing but own properties.
(function () {
  "use strict";
  const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, isExtensible, ownKeys, set } =
    Reflect;
  const { exec } = RegExp.prototype;
  const anything = /(?:)/;
  const world = globalThis;

  // Ways out (time, shared memory, the collector's moods) through which one script could reach a later one.
  for (const name of ["Atomics", "FinalizationRegistry", "SharedArrayBuffer", "WeakRef", "WebAssembly", "console"]) {
    deleteProperty(world, name);
  }
  // The library that embeds the engine declares its timers so that they cannot be deleted.
  for (const name of ["__timer_manager", "clearTimeout", "setTimeout"]) {
    if (getOwnPropertyDescriptor(world, name)) world[name] = undefined;
  }

  const prototypes = [
    Object, Function, Array, String, Number, Boolean, BigInt, Symbol, Date, RegExp, Promise, Map, Set, WeakMap,
    WeakSet, Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError,
  ].map((constructor) => constructor.prototype);

  const snapshot = (object) => {
    const known = { __proto__: null };
    const names = [];
    const values = [];
    const keys = ownKeys(object);
    for (const key of keys) {
      known[key] = true;
      defineProperty(object, key, { configurable: false });
      const property = getOwnPropertyDescriptor(object, key);
      if (property.writable) {
        names.push(key);
        values.push(property.value);
      }
    }
    return { __proto__: null, object, prototype: getPrototypeOf(object), known, count: keys.length, names, values };
  };

  const freeze = (root) => {
    const seen = new Set([world, ...prototypes]);
    const open = new Set(seen);
    const rest = [...open, ...root];
    const reach = (value) => {
      if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) return;
      seen.add(value);
      rest.push(value);
    };
    for (let object = rest.pop(); object !== undefined; object = rest.pop()) {
      for (const key of ownKeys(object)) {
        const property = getOwnPropertyDescriptor(object, key);
        reach(property.value);
        reach(property.get);
        reach(property.set);
      }
      reach(getPrototypeOf(object));
      if (!open.has(object)) Object.freeze(object);
    }
  };

  // Shared objects to which no chain of properties leads from the global object.
  const hidden = () => {
    const strict = (function () {
      return arguments;
    })();
    const segments = new Intl.Segmenter().segment("");
    const samples = [
      function* () {}, async function () {}, async function* () {}, (function* () {})(), (async function* () {})(),
      [].values(), "".matchAll(/./g), ""[Symbol.iterator](), new Map().keys(), new Set().keys(), [].values().map(String),
      Iterator.from({ next: () => ({ done: true }) }), segments, segments[Symbol.iterator](),
    ];
    const stack = getOwnPropertyDescriptor(new Error(), "stack");
    const callee = getOwnPropertyDescriptor(strict, "callee");
    return [...samples.map(getPrototypeOf), stack.get, stack.set, callee.get].filter((value) => value !== undefined);
  };

  freeze(hidden());
  const shared = prototypes.map(snapshot);
  const top = snapshot(world);

  const intact = (record) => getPrototypeOf(record.object) === record.prototype && isExtensible(record.object);

  const purge = (record) => {
    const { object, known, count, names, values } = record;
    const keys = ownKeys(object);
    if (keys.length !== count) {
      for (let i = 0; i < keys.length; i++) {
        if (known[keys[i]] !== true && !deleteProperty(object, keys[i])) return false;
      }
    }
    for (let i = 0; i < names.length; i++) {
      if (!set(object, names[i], values[i])) return false;
    }
    return true;
  };

  const restore = () => {
    if (!intact(top)) return false;
    for (let i = 0; i < shared.length; i++) if (!intact(shared[i])) return false;
    for (let i = 0; i < shared.length; i++) if (!purge(shared[i])) return false;
    if (!purge(top)) return false;
    if (typeof __TimerManager !== "undefined") __TimerManager = undefined;
    apply(exec, anything, [""]); // forgets RegExp.$1, RegExp.input and the like
    return true;
  };

  if (!restore()) throw new Error("this environment cannot be shared");
  return restore;
})
