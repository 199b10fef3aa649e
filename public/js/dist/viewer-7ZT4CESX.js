import{n as a,o as b,p as c}from"./chunk-YJR6YISQ.js";import"./chunk-V4GGLL7P.js";export{a as Layers,b as Under,c as createViewer};
