import{n as a,o as b,p as c}from"./chunk-CPFGMRLL.js";import"./chunk-MJQFDIJW.js";export{a as Layers,b as Under,c as createViewer};
