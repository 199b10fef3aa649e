import{i as a,j as b}from"./chunk-YNLUDSFZ.js";export{a as Under,b as createViewer};
