import{a}from"./chunk-GXEUTXPW.js";import"./chunk-ZUJD2WRZ.js";export{a as plot};
